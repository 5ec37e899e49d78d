// Serves the page, and is its server: the one route that has the key makes a client secret for whoever opened the page.

import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { mintSecret } from '../../client/index.ts'; // In a project of your own: 'trunkline/client'.

const gateway = process.env.TRUNKLINE_URL ?? 'http://127.0.0.1:8080';
const key = process.env.TRUNKLINE_KEY ?? 'my-gateway-key';

/** The name of the user, which a real app knows from its login: here a cookie. Calls go on under any secret of the same user. */
function userOf({ headers }, response) {
  const [, known] = /\bvisitor=([\w-]+)/.exec(headers.cookie ?? '') ?? [];
  const user = known ?? randomUUID();
  response.setHeader('set-cookie', `visitor=${user}; HttpOnly; SameSite=Strict; Path=/`);
  return user;
}

/** A secret for one session in the page alone, of ten minutes at most. */
async function sendSecret(request, response) {
  const terms = {
    endUser: userOf(request, response),
    provider: 'openai',
    dialect: 'openai-realtime',
    maxSessionSeconds: 600,
    origins: [`http://${request.headers.host}`],
  };
  response.setHeader('content-type', 'application/json');
  try {
    const { value } = await mintSecret({ gateway, key, ...terms });
    response.end(JSON.stringify({ value }));
  } catch (error) {
    response.statusCode = error.status || 502;
    response.end(JSON.stringify({ error: error.message }));
  }
}

const server = {
  name: 'server',
  configureServer({ middlewares }) {
    middlewares.use('/secret', (request, response) => void sendSecret(request, response));
  },
};

export default defineConfig({
  root: import.meta.dirname,
  // Two examples that run at once must not take each other's packages away.
  cacheDir: 'node_modules/.vite',
  plugins: [server],
  define: { 'import.meta.env.GATEWAY': JSON.stringify(gateway) },
  // In an app of your own the package itself is found by this name.
  resolve: { alias: { 'trunkline/client': fileURLToPath(new URL('../../client/index.ts', import.meta.url)) } },
});
