// Exceptions that the layout test lets pass, each with its reason. An entry that is no longer needed fails the test too.

/** Files of more than 300 lines -> why. */
export const longFiles: Readonly<Record<string, string>> = {};

/** Folders of more than twelve entries, each with one reason to change. */
export const crowdedFolders: readonly string[] = [];

/** Suites without a source of the same name, or folders of such (ending in a slash) -> what they span. */
export const spanningSuites: Readonly<Record<string, string>> = {
  'test/layout.test.ts': 'the whole repository',
  'test/server/session/bytes.test.ts': 'a session from client to provider',
  'test/deploy/': 'the operator kit, beside the code that it runs',
  'test/docs/': 'the pages and documents, beside what they tell of',
  'test/examples/': 'the examples against the whole gateway',
  'test/sdk/': 'the official clients against the whole gateway',
  'test/conformance/': 'published cases of a protocol against the whole gateway',
  'test/server/gateway/not-served.test.ts': 'what SDKs are told that come for other endpoints',
  'test/server/side/http/session/secret-rates.test.ts': 'what client secrets take from the limits of their key',
  'test/server/gateway/continued-secrets.test.ts':
    'sessions that client secrets continue, from admission to the side path',
  'test/server/gateway/targets/records.test.ts': 'a model of several targets from admission to the store',
  'test/server/gateway/memory.test.ts': 'what peers can make a process hold',
  'test/server/cli/pack.test.ts': 'the npm package',
  'test/server/gateway/private-addresses.test.ts': 'the rule of private-address.ts where it is applied',
  'test/server/gateway/upstream-handshake.test.ts': 'what adapters and server make of a handshake',
  'test/server/gateway/beta-clients.test.ts': 'which account serves clients of the beta, and what its provider sees',
  'test/server/session/hostile-peers.test.ts': 'the protocol as both ends may break it',
  'test/server/processes/sessions/shared-places.test.ts': 'the sessions of several machines',
  'test/server/processes/sessions/key-changes.test.ts':
    'a change of a key from the order to every process of every machine',
  'test/server/processes/sessions/draining.test.ts':
    'what a drain tells, from the signal to streams, webhooks and clients',
  'test/server/processes/restart/many-restarts.test.ts': 'calls over many supervisors, from the client to the ledger',
  'test/server/processes/reload/effects.test.ts': 'what a reload changes in every room',
  'test/server/processes/memory-ladder.test.ts':
    'a gateway process whose memory runs out, from its limit to its clients',
  'test/server/processes/secrecy.test.ts': 'what all processes say, write and show',
  'test/server/processes/metric-names.test.ts': 'the metrics of all processes together',
  'test/server/session/alike-messages.test.ts': 'repeated messages from client to provider',
  'test/server/session/legs/many-moves.test.ts': 'gateway, dialect and survivor over many sockets of a provider',
  'test/server/session/random-frames.test.ts': 'random frames of a session from client to provider',
  'test/server/session/floods.test.ts': 'floods of frames from client to provider',
  'test/server/transport/closing-handshake.test.ts': 'how peer.ts ends a connection',
  'test/bench/report/committed.test.ts': 'docs/benchmarks.md beside the committed report',
  'test/server/side/llm/catalogue/pattern-calls.test.ts': 'calls of patterns from the name to the ledger',
  'test/server/side/http/chat/catalogue-models.test.ts': 'names of catalogues from the gateway to the client',
  'test/server/side/llm/streams.test.ts': 'streams from an endpoint to the ledger',
  'test/server/side/llm/responses-calls.test.ts':
    'calls in the form of Responses, from the SDK to endpoints of every form',
  'test/server/side/llm/responses-faults.test.ts':
    'faults of such calls, and policy and budget for tools that providers run',
  'test/server/side/llm/translated-calls.test.ts': 'profiles of other forms under the router',
  'test/server/side/tasks/rehearsal-tasks.test.ts': 'the tasks of a rehearsal from plan to result',
  'test/server/side/tasks/runner-kills.test.ts': 'tasks whose runners are killed or stopped',
  'test/server/side/runs/hostile-answers.test.ts':
    'badly written answers, from the endpoint to every reader and the ledger',
  'test/server/side/runs/kills.test.ts': 'what readers of runs hear of a kill, and what is there afterwards',
  'test/server/side/runs/crowd.test.ts': 'many runs at once with readers that do not read',
  'test/server/side/runs/drain.test.ts': 'what readers hear of a gateway that drains or reloads',
  'test/server/side/runs/store-faults.test.ts': 'runs whose store is away, hangs or is full',
  'test/server/side/continued-rehearsal.test.ts': 'a call, its summaries, and a call that continues it',
  'test/server/side/killed-calls.test.ts': 'what a kill leaves of calls that were just sent',
  'test/server/side/kill.test.ts': 'what a kill leaves behind',
  'test/server/side/bound-ids.test.ts': 'ids that processes and machines learn of each other by the store',
  'test/server/side/several-processes.test.ts': 'several side processes on one store',
  'test/server/side/store/statements.test.ts': 'what sessions and calls send to the database, over the whole store',
  'test/server/side/stored-keys.test.ts': 'keys of the store over processes and machines',
  'test/server/side/two-machines.test.ts': 'gateways and side processes of several machines on one Postgres',
  'test/server/side/complaints.test.ts': 'what users of other gateways complain about',
  'test/server/side/disk-full.test.ts': 'a gateway whose disk is full for a while',
  'test/server/console/view/accessibility.test.ts': 'every view and state of the page',
  'test/server/console/view/firefox.test.ts': 'the page in another browser',
  'test/server/gateway/pinned-rehearsal.test.ts': 'settings of a secret from the handshake to the provider and back',
  'test/server/gateway/pinned-sessions.test.ts': 'what clients may try against the settings of their secret',
  'test/server/gateway/churn.test.ts': 'everything that a session leaves behind',
};
