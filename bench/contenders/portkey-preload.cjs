// Loaded before Portkey: its TLS connections to the fixed realtime host become plain ones to the provider of the benchmark.

const net = require('node:net');
const tls = require('node:tls');

const port = Number(process.env.TRUNKLINE_BENCH_PROVIDER_PORT);
const original = tls.connect;

tls.connect = function connect(...args) {
  const options = args.find((value) => typeof value === 'object' && value !== null) ?? {};
  const isRealtime = [options.host, options.servername].includes('api.openai.com');
  return isRealtime ? net.connect({ port, host: '127.0.0.1' }) : original.apply(this, args);
};
