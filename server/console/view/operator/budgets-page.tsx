// Teams with their bounds, and budgets with what is spent, reserved and left in their present windows.

import type { Api } from '../../api/ask.ts';
import type { Budget, BudgetList, Team, TeamList } from '../../api/operator.ts';
import { formatCount, formatMoment, formatPercent, formatUsd } from '../../state/format.ts';
import { Nothing, Sheet, Trouble } from '../components/sheet.tsx';
import { Table } from '../components/table.tsx';
import { useAnswer } from '../components/use-answer.ts';

const everyMs = 5000;

export function BudgetsPage({ api }: { api: Api }) {
  const { answer, value, isAsking, reload } = useAnswer<BudgetList>(api, '/budgets', everyMs);
  const teams = useAnswer<TeamList>(api, '/teams');
  const again = () => {
    reload();
    teams.reload();
  };
  return (
    <Sheet
      name="budgets"
      title="Teams and budgets"
      words="What is left in the present window of each, over all machines of the store."
      isAsking={isAsking && value === undefined}
      onRefresh={again}
    >
      <Trouble answer={answer} />
      {value?.budgets.length === 0 && (
        <Nothing title="There are no budgets">
          They are set under budgets: in the configuration, for a key, a class, or everybody, in a window of time.
        </Nothing>
      )}
      {value !== undefined && value.budgets.length > 0 && <BudgetTable budgets={value.budgets} />}
      {teams.value !== undefined && teams.value.teams.length > 0 && <TeamTable teams={teams.value.teams} />}
    </Sheet>
  );
}

interface TableProps extends BudgetList {
  readonly title?: string;
  readonly aside?: string;
}

export function BudgetTable({ budgets, ...words }: TableProps) {
  const columns = [
    ...['Counts', 'Window'],
    ...['Used', 'Spent', 'Reserved', 'Left', 'Limit'].map((figure) => ({ figure })),
    'Begins anew',
  ];
  return (
    <Table label="Budgets" columns={columns} {...words}>
      {budgets.map((budget) => (
        <BudgetRow key={`${scopeOf(budget)} ${budget.window}`} budget={budget} />
      ))}
    </Table>
  );
}

function BudgetRow({ budget }: { budget: Budget }) {
  const { window, limitMicroUsd, spentMicroUsd, reservedMicroUsd, leftMicroUsd, resetsAt } = budget;
  return (
    <tr>
      <th scope="row">{scopeOf(budget)}</th>
      <td class="is-name">{window}</td>
      <td>
        <Share budget={budget} />
      </td>
      <td>{formatUsd(spentMicroUsd)}</td>
      <td>{formatUsd(reservedMicroUsd)}</td>
      <td>{formatUsd(leftMicroUsd)}</td>
      <td>{formatUsd(limitMicroUsd)}</td>
      <td class="is-name">{resetsAt === undefined ? <span class="muted">never</span> : formatMoment(resetsAt)}</td>
    </tr>
  );
}

/** From here on a budget is nearly used up. */
const nearlyUsed = 0.8;

/** An SVG, whose geometry is in attributes: the page's policy allows no style attributes. */
function Share({ budget: { limitMicroUsd, leftMicroUsd } }: { budget: Budget }) {
  const used = limitMicroUsd === 0 ? 1 : 1 - leftMicroUsd / limitMicroUsd;
  return (
    <span class="share">
      <svg class="score-bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar-track" width="100" height="6" />
        <rect class={used >= nearlyUsed ? 'share-fill share-full' : 'share-fill'} width={used * 100} height="6" />
      </svg>
      <span class="figure">{formatPercent(used)}</span>
    </span>
  );
}

function scopeOf({ key, team, endUser, each, class: name, path }: Budget): string {
  const who = [
    key !== undefined && `key ${key}`,
    team !== undefined && `team ${team}`,
    endUser !== undefined && `end user ${endUser}`,
    each !== undefined && 'of its own',
  ];
  const what = [name !== undefined && `class ${name}`, path !== undefined && path !== 'both' && `${path} path`];
  return [...who, ...what].filter((part) => part !== false).join(', ') || 'everything';
}

function TeamTable({ teams }: TeamList) {
  const figures = ['Sessions at once', 'Within a minute', 'Longest session', 'Most per session'];
  const columns = ['Team', 'Models', ...figures.map((figure) => ({ figure }))];
  return (
    <Table label="Teams" title="Teams" aside="the bounds that all keys of a team have" columns={columns}>
      {teams.map((team) => (
        <TeamRow key={team.name} team={team} />
      ))}
    </Table>
  );
}

function TeamRow({ team }: { team: Team }) {
  const { name, models, maxSessions, rates = {}, maxSessionSeconds, maxUsdPerSession } = team;
  const within = Object.entries(rates).map(([what, most]) => `${formatCount(most)} ${what.replace('PerMinute', '')}`);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="is-name">{models?.join(', ') ?? <span class="muted">all</span>}</td>
      <Bound text={maxSessions === undefined ? undefined : formatCount(maxSessions)} />
      <Bound text={within.join(', ') || undefined} />
      <Bound text={maxSessionSeconds === undefined ? undefined : `${maxSessionSeconds} s`} />
      <Bound text={maxUsdPerSession === undefined ? undefined : formatUsd(maxUsdPerSession * 1e6)} />
    </tr>
  );
}

const Bound = ({ text }: { text: string | undefined }) =>
  text === undefined ? <td class="muted">unbounded</td> : <td>{text}</td>;
