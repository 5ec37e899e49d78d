/** @jsxImportSource react */
// A chat whose answers outlive their page: lose the network, or reload in mid-answer, and the answer goes on.

import { useChat } from '@ai-sdk/react';
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GatewayChatTransport, GatewayProblem } from 'trunkline/client';

async function credential() {
  const response = await fetch('/secret');
  const { value, error } = await response.json();
  // The status says whether it is worth another try.
  if (error) throw new GatewayProblem(error, response);
  return value;
}

/** The messages of this tab, which a real app keeps in its database. */
const kept = JSON.parse(sessionStorage.getItem('chat') ?? 'null') ?? { id: crypto.randomUUID(), messages: [] };

function Chat() {
  const [line, setLine] = useState('');
  const [lost, setLost] = useState();
  const [transport] = useState(
    () =>
      new GatewayChatTransport({
        gateway: import.meta.env.GATEWAY,
        credential,
        body: { model: '*' },
        onState: (state, cause) => state !== 'connecting' && setLost(cause),
      }),
  );
  const { id } = kept;
  const { messages, sendMessage, status, stop, error } = useChat({
    ...{ id, messages: kept.messages, transport, resume: kept.messages.length > 0 },
  });
  useEffect(() => sessionStorage.setItem('chat', JSON.stringify({ id, messages })), [id, messages]);
  const isBusy = status === 'submitted' || status === 'streaming';
  const submit = (event) => {
    event.preventDefault();
    if (line.trim() === '' || isBusy) return;
    void sendMessage({ text: line });
    setLine('');
  };
  return (
    <main>
      <header>
        <h1>Chat</h1>
        <p role="status">
          {isBusy ? 'Answering' : 'Ready'}
          {lost && ', the connection is lost and comes back'}
        </p>
      </header>
      {/* The newest words stay in view. */}
      <ol aria-live="polite" ref={(list) => list?.scrollTo(0, list.scrollHeight)}>
        {messages.length === 0 && <li className="hint">Ask something, then reload while it answers.</li>}
        {messages.map(({ id, role, parts }) => (
          <li key={id} data-role={role}>
            {parts.map((part) => (part.type === 'text' ? part.text : '')).join('')}
          </li>
        ))}
      </ol>
      {(error || lost) && <p role="alert">{(error ?? lost).message}</p>}
      <form onSubmit={submit}>
        <input aria-label="Message" value={line} onChange={({ target }) => setLine(target.value)} />
        {isBusy ? (
          <button type="button" onClick={stop}>
            Stop
          </button>
        ) : (
          <button type="submit">Send</button>
        )}
      </form>
    </main>
  );
}

createRoot(document.getElementById('root')).render(<Chat />);
