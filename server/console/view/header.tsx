// The top line: name, views, whether keys are needed, the phase of the session.

import type { ConsoleController } from '../session/controller.ts';
import { formatClock } from '../state/format.ts';
import type { Phase } from '../state/state.ts';
import { HeadLine } from './components/head-line.tsx';
import { useTick } from './components/use-tick.ts';
import { views } from './views.ts';

const phaseWords: Record<Phase, string> = {
  idle: 'Not connected',
  starting: 'Starting',
  connecting: 'Connecting',
  preparing: 'Setting up',
  ready: 'Live',
  closing: 'Ending',
  closed: 'Ended',
};

export function Header({ controller, view }: { controller: ConsoleController; view: string }) {
  const { gateway, phase, session } = controller.state;
  useTick(500, phase === 'ready');
  const clock = session?.openedAt === undefined ? '' : formatClock((session.endedAt ?? Date.now()) - session.openedAt);
  const wasRefused = phase === 'closed' && session?.openedAt === undefined;
  return (
    <HeadLine part="console" views={views} view={view}>
      {gateway !== undefined && (
        <p class="header-facts">
          <span class="tag" title={gateway.mode === 'open' ? openMode : keysMode}>
            {gateway.mode === 'open' ? 'open mode' : 'keys required'}
          </span>
          <span class="muted">v{gateway.version}</span>
        </p>
      )}
      <p class="phase" role="status" data-phase={phase}>
        <span class="phase-dot" />
        {wasRefused ? phaseWords.idle : phaseWords[phase]} {clock !== '' && <span class="figure">{clock}</span>}
      </p>
    </HeadLine>
  );
}

const openMode = 'No keys are configured: the gateway answers on this machine only, and asks for none';
const keysMode = 'The gateway asks for one of its keys';
