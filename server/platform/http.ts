// Node's HTTP without what an import of it costs each process: of a module of its own that is imported, Node reads all exports, and `WebSocket`
// among them loads Node's own copy of undici.

/** The module `node:http`. */
export const http = process.getBuiltinModule('node:http');
