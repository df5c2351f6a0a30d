// An OpenAI-compatible address that says what a test wants it to say.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class ScriptedEndpoint {
  /** The `Authorization` headers of the requests it got. */
  readonly authorizations: (string | undefined)[] = [];

  private constructor(
    private readonly server: Server,
    /** What a connection to it takes as its base URL. */
    readonly baseUrl: string,
  ) {}

  /** Lists `models` to whoever sends `key`, and refuses everybody else. */
  static async start(key: string, models: string[]): Promise<ScriptedEndpoint> {
    const server = createServer((request, response) => {
      endpoint.authorizations.push(request.headers.authorization);
      const known = request.headers.authorization === `Bearer ${key}`;
      const body = known
        ? { object: 'list', data: models.map((id) => ({ id, object: 'model' })) }
        : { error: { message: 'Incorrect API key provided', type: 'invalid_request_error' } };
      response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpoint = new ScriptedEndpoint(server, `http://127.0.0.1:${port}/v1`);
    return endpoint;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
