// The panel of the conversation: captions of both sides, live waveforms, and the controls of the caller.

import { useEffect, useRef } from 'preact/hooks';
import type { ConsoleController } from '../../session/controller.ts';
import type { Caption } from '../../state/captions.ts';
import { formatSeconds, providerLabel } from '../../state/format.ts';
import { type ConsoleState, isLive, type RunningSession } from '../../state/state.ts';
import { Icon } from '../components/icon.tsx';
import { CallerControls } from './controls.tsx';
import { LiveWaveforms } from './live-waveforms.tsx';
import { UtteranceWaveform } from './utterance-waveform.tsx';
import { Welcome } from './welcome.tsx';

export function ConversationPanel({ controller, state }: { controller: ConsoleController; state: ConsoleState }) {
  const { session, phase } = state;
  const provider = session === undefined ? 'Reply' : nameOf(session);
  const voice = session?.mode.modality === 'voice';
  return (
    <section class="panel conversation" aria-labelledby="conversation-title">
      <div class="panel-head">
        <h2 id="conversation-title">Conversation</h2>
        {session !== undefined && (
          <p class="muted conversation-with">
            {session.model} · {provider}
          </p>
        )}
        <Activity state={state} />
      </div>
      {voice && <LiveWaveforms controller={controller} live={isLive(phase)} provider={provider} />}
      <Captions controller={controller} state={state} provider={provider} />
      {session !== undefined && phase !== 'closed' && <CallerControls controller={controller} state={state} />}
    </section>
  );
}

function nameOf(session: NonNullable<ConsoleState['session']>): string {
  return session.rehearsal ? `${providerLabel(session.provider)} rehearsal` : providerLabel(session.provider);
}

/** One word for what is going on. */
function Activity({ state }: { state: ConsoleState }) {
  const { phase, callerSpeaking, replying, silenced, output, microphone, session } = state;
  if (phase !== 'ready') return null;
  const sounding = output.queuedSamples > 0;
  const listening = session?.mode.modality === 'voice' && session.turnTaking === 'detect' && microphone === 'on';
  const [word, kind] = callerSpeaking
    ? ['You are speaking', 'you']
    : (replying && !silenced) || sounding
      ? ['Replying', 'provider']
      : [listening ? 'Listening' : 'Your turn', 'idle'];
  return (
    <p class={`activity activity-${kind}`} data-activity={kind}>
      {word}
    </p>
  );
}

interface CaptionsProps {
  readonly controller: ConsoleController;
  readonly state: ConsoleState;
  readonly provider: string;
}

function Captions({ controller, state, provider }: CaptionsProps) {
  const { captions, phase, session } = state;
  const list = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const follow = () => {
    const box = list.current;
    if (box !== null) pinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  };
  // The list follows the words unless the reader scrolled up.
  useEffect(() => {
    if (pinned.current && captions.length > 0) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [captions]);
  // A panel that opens below makes the list smaller.
  useEffect(() => {
    const box = list.current;
    if (box === null) return;
    const watcher = new ResizeObserver(() => pinned.current && box.scrollTo({ top: box.scrollHeight }));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);
  return (
    <div
      ref={list}
      class="captions"
      role="log"
      aria-live="polite"
      aria-relevant="additions text"
      aria-label="Captions"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region must be reachable by keyboard
      tabIndex={0}
      onScroll={follow}
    >
      {session === undefined && <Welcome controller={controller} state={state} />}
      {captions.map((caption) => (
        <CaptionArticle
          key={caption.id}
          caption={caption}
          provider={provider}
          controller={controller}
          live={isLive(phase)}
        />
      ))}
      {session !== undefined && captions.length === 0 && <Waiting state={state} />}
    </div>
  );
}

function Waiting({ state }: { state: ConsoleState }) {
  const { phase, session } = state;
  if (session === undefined) return null;
  if (phase === 'closed') {
    const words = session.openedAt === undefined ? 'The session was not opened.' : 'Nothing was said in this session.';
    return <p class="captions-empty">{words}</p>;
  }
  if (phase !== 'ready') return <p class="captions-empty">Connecting…</p>;
  return <p class="captions-empty">{invitation(state, session)}</p>;
}

function invitation({ form, microphone }: ConsoleState, { mode, turnTaking }: RunningSession): string {
  if (mode.modality === 'text') return 'Write something below.';
  if (form.input === 'samples') return 'Play a sample recording, or write something.';
  if (turnTaking === 'manual') return 'Hold the space bar, or the button below, and say something.';
  return microphone === 'off'
    ? 'Play a sample recording, or turn the microphone on.'
    : 'Say something, or play a sample recording.';
}

interface CaptionProps {
  readonly caption: Caption;
  readonly provider: string;
  readonly controller: ConsoleController;
  readonly live: boolean;
}

function CaptionArticle({ caption, provider, controller, live }: CaptionProps) {
  const { id, side, text, final, spoken, truncatedAtMs, endedBy } = caption;
  const name = side === 'you' ? 'You' : side === 'tool' ? 'Function answered by this page' : provider;
  return (
    <article class={`caption caption-${side}`} data-side={side} data-final={final} aria-busy={!final}>
      <h3 class="caption-name">
        {side === 'tool' && <Icon name="tool" />}
        {name}
      </h3>
      {spoken && side !== 'tool' && <UtteranceWaveform id={id} waveforms={controller.waveforms} live={live} />}
      <p class={final ? 'caption-text' : 'caption-text caption-open'}>{text === '' ? '…' : text}</p>
      {truncatedAtMs !== undefined && (
        <p class="caption-foot" data-truncated-at-ms={truncatedAtMs}>
          interrupted after {formatSeconds(truncatedAtMs)} of sound
        </p>
      )}
      {truncatedAtMs === undefined && endedBy !== undefined && <p class="caption-foot">{endedBy}</p>}
    </article>
  );
}
