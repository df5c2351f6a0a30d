// A language model whose every word a test decides, behind an OpenAI-compatible address.

import { createServer, type Server, type ServerResponse } from 'node:http';

/** An answer that Hyperion waits for. */
export class ScriptedAnswer {
  constructor(private readonly response: ServerResponse) {}

  say(text: string): void {
    this.send(JSON.stringify({ choices: [{ index: 0, delta: { content: text } }] }));
  }

  finish(): void {
    this.send('[DONE]');
    this.response.end();
  }

  /** Breaks the connection off in the middle. */
  cut(): void {
    this.response.destroy();
  }

  private send(data: string): void {
    this.response.write(`data: ${data}\n\n`);
  }
}

export class ScriptedModel {
  readonly model = 'scripted';
  private readonly asked: ScriptedAnswer[] = [];
  private readonly waiting: ((answer: ScriptedAnswer) => void)[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedModel> {
    const server = createServer();
    const model = new ScriptedModel(server);
    server.on('request', (request, response) => {
      request.resume();
      if (request.url?.endsWith('/models')) {
        response.setHeader('Content-Type', 'application/json');
        response.end(JSON.stringify({ object: 'list', data: [{ id: model.model, object: 'model' }] }));
        return;
      }
      response.setHeader('Content-Type', 'text/event-stream');
      response.flushHeaders();
      const answer = new ScriptedAnswer(response);
      const next = model.waiting.shift();
      if (next === undefined) model.asked.push(answer);
      else next(answer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return model;
  }

  get baseUrl(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the scripted model does not listen');
    return `http://127.0.0.1:${address.port}/v1`;
  }

  /** The next answer that is asked for, or was already. */
  async nextAnswer(): Promise<ScriptedAnswer> {
    const asked = this.asked.shift();
    return asked ?? new Promise((resolve) => this.waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
