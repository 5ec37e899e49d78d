// To be imported ahead of a program: ports cannot be shared, as on macOS and Windows.

import { Server } from 'node:net';

const { listen } = Server.prototype;

Server.prototype.listen = function (options, ...more) {
  if (!options?.reusePort) return listen.call(this, options, ...more);
  const error = Object.assign(new Error('listen ENOTSUP: operation not supported'), { code: 'ENOTSUP' });
  process.nextTick(() => this.emit('error', error));
  return this;
};
