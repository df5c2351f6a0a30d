// A real receiver of Sentry's envelopes on a port of this machine: node sentry-receiver.mjs PORT
// It prints `ready` when it takes them; http://127.0.0.1:PORT/stream tells all it has received as events.

import { startServer } from '@spotlightjs/spotlight';

await startServer({ port: Number(process.argv[2]) });
console.log('ready');
