// The panel of the conversation: captions of both sides, live waveforms, and the controls of the caller.

import type { ComponentChildren } from 'preact';
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

export function ConversationPanel({ controller }: { controller: ConsoleController }) {
  const { session, phase } = controller.state;
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
        {phase === 'ready' && <Activity state={controller.state} />}
      </div>
      {voice && phase !== 'closed' && (
        <LiveWaveforms controller={controller} live={isLive(phase)} provider={provider} />
      )}
      <Captions controller={controller} provider={provider} />
      {session !== undefined && phase !== 'closed' && <CallerControls controller={controller} />}
    </section>
  );
}

function nameOf({ provider, rehearsal }: RunningSession): string {
  return rehearsal ? `${providerLabel(provider)} rehearsal` : providerLabel(provider);
}

/** One word for what is going on. */
function Activity({ state }: { state: ConsoleState }) {
  const { callerSpeaking, replying, silenced, output, microphone, session } = state;
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

function Captions({ controller, provider }: { controller: ConsoleController; provider: string }) {
  const { captions, phase, session } = controller.state;
  const list = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const sizes = useRef('');
  const follow = () => {
    const box = list.current;
    if (box === null) return;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    const now = `${box.scrollHeight} ${box.clientHeight}`;
    // A list that changes its size moves by itself: only a reader's scrolling ends the following.
    if (isAtEnd || now === sizes.current) pinned.current = isAtEnd;
    sizes.current = now;
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
      {session === undefined && <Welcome controller={controller} />}
      {captions.map((caption) => (
        <CaptionArticle key={caption.id} caption={caption} provider={provider}>
          <UtteranceWaveform id={caption.id} waveforms={controller.waveforms} live={isLive(phase)} />
        </CaptionArticle>
      ))}
      {session !== undefined && captions.length === 0 && (
        <p class="captions-empty">{invitation(controller.state, session)}</p>
      )}
    </div>
  );
}

/** Words in the place of the captions while there are none. */
function invitation({ form, microphone, phase }: ConsoleState, { mode, openedAt, turnTaking }: RunningSession): string {
  if (phase === 'closed' && openedAt === undefined) return 'The session was not opened.';
  if (phase === 'closed') return 'Nothing was said in this session.';
  if (phase === 'starting' && microphone === 'asking')
    return 'Waiting until the browser has your leave for the microphone…';
  if (phase !== 'ready') return 'Connecting…';
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
  /** The waveform of spoken words. */
  readonly children: ComponentChildren;
}

function CaptionArticle({ caption, provider, children }: CaptionProps) {
  const { side, text, final, spoken, truncatedAtMs, endedBy } = caption;
  const name = { you: 'You', tool: 'Function answered by this page', provider }[side];
  return (
    <article class={`caption caption-${side}`} data-side={side} data-final={final} aria-busy={!final}>
      <h3 class="caption-name">
        {side === 'tool' && <Icon name="tool" />}
        {name}
      </h3>
      {spoken && children}
      <p class={final ? 'caption-text' : 'caption-text caption-open'}>{text === '' ? '…' : text}</p>
      {truncatedAtMs !== undefined ? (
        <p class="caption-foot" data-truncated-at-ms={truncatedAtMs}>
          interrupted after {formatSeconds(truncatedAtMs)} of sound
        </p>
      ) : (
        endedBy !== undefined && <p class="caption-foot">{endedBy}</p>
      )}
    </article>
  );
}
