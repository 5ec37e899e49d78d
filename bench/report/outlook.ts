// Outlook on figures that are not met, what stands in the way and what would change it: one text for each kind of figure, printed in the report
// where it is not met. Whoever changes what a figure measures looks at its text.

import type { Figure } from '../figures/results.ts';

/** Beginning of the ids of figures -> text. The longest beginning counts. */
const OUTLOOKS: Readonly<Record<string, string>> = {
  'hop.added_p50.':
    'Each of the two processes that a frame passes must be woken, which is most of what any hop adds; what is left above HAProxy is Node between the two system calls. A data plane in native code would take that away.',
  'hop.added_p99.':
    'The p99 on cores that also run the load is who gets the processor first. A machine with a core to spare for each process would show the hop alone.',
  'hop.added_p99_ms.':
    'The p99 on cores that also run the load is who gets the processor first. A machine with a core to spare for each process would show the hop alone.',
  'hop.cpu_per_frame.':
    'The system calls for a frame are as many as those of HAProxy, and three fifths of its cost are the kernel. A relay in Node that reads and writes at the same handles and looks at nothing takes 1.1 to 1.3 times what HAProxy takes in the same runs: that is the floor in JavaScript. What is left above it is the look at each message, a clock and the counts (an eighth of the frame), and the other processes of the gateway, which do a little each second. A data plane in native code measured 0.87 times HAProxy.',
  'hop.sender_cpu.':
    'The sender wakes for each frame, since each has a moment of its own, and a wake-up of an idle processor costs more than the whole work on a frame. Frames in bunches would be cheaper to send, and would be cheaper to forward, too: another load.',
  'hop_tls.cpu_per_frame.':
    'The profile is flat: the kernel takes 40 % of a frame, Node in C++ with OpenSSL and V8 44 %, of which AES is 2, compiled JavaScript 10 %. A relay in Node that only passes the bytes on, from one stream to the other, takes as much as the gateway, 1.5 times HAProxy at 2.6 kB, and 1.1 times the gateway at 16 kB: what is left is the TLS of Node. Writes past its stream saved 3 %, which is not worth the risk. OpenSSL that writes to the socket itself, in native code, would take it away.',
  'session_start.added_ms.':
    'A bare relay in Node (an HTTP upgrade, a connection, no check) adds 0.25 to 0.4 ms, twice what HAProxy adds, and one of the library ws 0.5. The rest is some sixty steps of 5 to 25 us from the accept to the first event, for key, policy, limits and the objects of a session; none stands out, and after a pause each takes three times as long as in a row, since the caches are cold. Native code, or fewer checks, would take that away; without the message by which a session outlives its process no start was sooner.',
  'session_start.cpu_us':
    'A bare relay in Node takes 0.5 ms for a start and its end, one of the library ws 0.8, and HAProxy 0.2. Above that are about 0.9 ms of the gateway process for checks, limits and the objects of a session, 0.6 ms for its row in the store, and 0.3 ms in the supervisor, which knows of each session before its client does. Native code for the first, or a store that is told of sessions less often than ten times a second, would take less.',
  'session_start.secret_added_ms.':
    'A start with a client secret asks the owner of the store twice, behind what that has to write for others: an owner that writes less often, or a second connection for reading.',
  'session_start.secret_mint_ms.':
    'A client secret and its line in the audit log are one commit that has reached the disk, behind an HTTP request of a connection of its own.',
  'session_start.warm_vs_direct.': 'Connections opened ahead save the round trips of TCP and TLS, and no others.',
  'capacity.cpu_ratio.':
    'With 2,000 sessions the state of the next frame is not in the caches of the processor any more, and a connection less often has two frames to read at once. The same holds for the other contenders of the table.',
  'capacity.idle_kib':
    "A session has two sockets, and each has an object of Node with its handle, its stream and its buffers. Those are Node's; fewer need a native data plane.",
  'side_hop.added_p50_ms':
    'A call is parsed, checked against policy and budget, and sent on over HTTP. A bare relay of the HTTP server and client of Node (undici) added 0.37 ms on a machine that was measured for itself; no single step stands out above it.',
  'side_hop.added_p99_ms':
    'On two cores the caller, the endpoint, the gateway and the writer of the ledger run beside each other; the p99 is who waits for whom. A machine with a core for each would show the hop alone.',
  'side_hop.cpu_us_per_call':
    'A bare relay of the HTTP server and client of Node (undici) took 0.44 ms on a machine that was measured for itself. The profile of a call is flat: two thirds of its CPU are the thread that answers, of which writes to sockets are 17 % and garbage 9 %, and a fifth is the thread that writes its rows to the disk.',
  'side_hop.errors':
    'Calls beyond what the processors of the machine can do wait, and those that wait for too long have no answer in time.',
  'text.added_first_p':
    'A call is read, checked against policy and budget, reserved and sent on over HTTP before its first token can come; on two cores the readers and the endpoint run beside it. The p99 is who waits for whom.',
  'text.gap_p99_moved_ms':
    'A token passes the HTTP client of Node, the reader of events and the HTTP server, and waits behind the starts of other answers on the same event loop.',
  'text.loop_stall_ms':
    'The longest turn of an event loop holds what many starts and a collection of garbage take together, and what the machine gave to others meanwhile.',
  'text.stream_stall_ms':
    'The longest of some thousand delays holds the stalls of the load processes as well, of which `direct` shows the part without the gateway.',
  'isolation.p99_moved_ms.':
    'The side processes share two cores with the gateway process, the load and its provider, and a start of a process takes a core for a quarter of a second. With a core for each it would not be seen; priorities and pinning did not help.',
  'isolation.dropped': 'A frame or a session that was lost is a fault; it is looked for at once.',
  'attack.p99_ratio':
    'Bytes of attackers must be read before they can be told from others; they are, in turns, beside the frames of honest calls.',
  'attack.loop_lag_ms':
    'The longest turn of the event loop holds a full read of one attacker, and what the machine gave to others meanwhile.',
  'attack.dropped': 'A frame or a session that was lost is a fault; it is looked for at once.',
};

/** Gives the text for a figure that is not met; undefined for others. */
export function outlookOf({ id, met }: Pick<Figure, 'id' | 'met'>): string | undefined {
  if (met !== false) return undefined;
  const beginnings = Object.keys(OUTLOOKS).filter((beginning) => id.startsWith(beginning));
  return OUTLOOKS[beginnings.toSorted((a, b) => b.length - a.length)[0] ?? ''];
}

/** One line for each text, with the figures that are not met for it. */
export function outlookLines(figures: readonly Figure[]): string[] {
  const byText = Map.groupBy(
    figures.filter(({ met }) => met === false),
    (figure) => outlookOf(figure) ?? 'Not looked into yet.',
  );
  return [...byText].map(([text, all]) => `- ${all.map(({ id }) => `\`${id}\``).join(', ')}: ${text}`);
}
