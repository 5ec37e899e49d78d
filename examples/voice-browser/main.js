// A voice call in a page: talk into the answer, and it stops; the model is told how much of it was heard.

import { connectVoice, GatewayProblem, PlaybackTracker } from 'trunkline/client';
import { base64Of, openSound, RATE_HZ, samplesOf } from './sound.js';

const [status, list, alert, button] = ['[role=status]', 'ol', '[role=alert]', 'button'].map((selector) =>
  document.querySelector(selector),
);

function show(phase, text) {
  status.dataset.phase = phase;
  status.textContent = text;
  button.textContent = phase === 'closed' ? 'Talk' : 'Hang up';
}

function complain(text) {
  alert.textContent = text;
  alert.hidden = text === '';
}

/** Element of one item of the conversation, made when the item is first heard of. */
function row(id, role) {
  const known = document.getElementById(id);
  if (known) return known;
  list.querySelector('.hint')?.remove();
  const made = Object.assign(document.createElement('li'), { id });
  made.dataset.role = role;
  made.append(document.createElement('span'));
  list.append(made);
  made.scrollIntoView();
  return made;
}

async function askSecret() {
  const response = await fetch('/secret');
  const { value, error } = await response.json();
  // The status says whether it is worth another try.
  if (error) throw new GatewayProblem(error, response);
  return value;
}

async function call() {
  const tracker = new PlaybackTracker(RATE_HZ);
  const sound = await openSound((samples) =>
    session.send({ type: 'input_audio_buffer.append', audio: base64Of(samples) }),
  );

  /** Stops playing, and tells the model how much of its words were heard. */
  async function interrupt() {
    tracker.refuseAll();
    for (const { itemId, contentIndex, playedMs } of tracker.truncations(await sound.flush(), sound.latencyMs())) {
      const place = { item_id: itemId, content_index: contentIndex, audio_end_ms: playedMs };
      session.send({ type: 'conversation.item.truncate', ...place });
    }
  }

  const take = {
    'input_audio_buffer.speech_started'({ item_id }) {
      row(item_id, 'user').firstChild.textContent = '…';
      void interrupt();
    },
    'conversation.item.input_audio_transcription.completed'({ item_id, transcript }) {
      row(item_id, 'user').firstChild.textContent = transcript;
    },
    'response.output_audio_transcript.delta'({ item_id, delta }) {
      row(item_id, 'assistant').firstChild.append(delta);
    },
    'response.output_audio.delta'({ item_id, content_index, delta }) {
      const samples = samplesOf(delta);
      if (tracker.receive(item_id, content_index, samples.length)) sound.play(item_id, samples);
    },
    'response.output_audio.done': ({ item_id }) => tracker.end(item_id),
    'response.done'({ response }) {
      sound.finish();
      if (response.status === 'failed') complain(response.status_details?.error?.message ?? 'The answer failed.');
    },
    'conversation.item.truncated'({ item_id, audio_end_ms }) {
      const note = document.createElement('small');
      note.textContent = `interrupted: ${(audio_end_ms / 1000).toFixed(1)} s were heard`;
      row(item_id, 'assistant').append(note);
    },
    error: ({ error }) => complain(error.message),
  };

  const session = connectVoice({
    gateway: import.meta.env.GATEWAY,
    path: '/v1/realtime',
    query: { model: 'gpt-realtime-2.1' },
    credential: askSecret,
    onOpen() {
      const input = { transcription: { model: 'gpt-realtime-whisper' } };
      session.send({ type: 'session.update', session: { type: 'realtime', audio: { input } } });
      show('open', 'Listening');
      complain('');
    },
    onMessage: (event) => take[event.type]?.(event),
    onLost(cause) {
      void sound.flush();
      complain(cause.message ?? '');
      show('waiting', 'The connection is lost and comes back');
    },
    onClose(cause) {
      sound.close();
      show('closed', 'Ready');
      if (cause.code !== 1000) complain(cause.message ?? `The call ended: ${cause.reason || cause.code}`);
    },
  });
  return session;
}

let session;
button.onclick = async () => {
  if (status.dataset.phase !== 'closed') return session.close();
  complain('');
  show('waiting', 'Connecting');
  button.disabled = true;
  try {
    session = await call();
  } catch (error) {
    complain(error.message);
    show('closed', 'Ready');
  }
  button.disabled = false;
};
