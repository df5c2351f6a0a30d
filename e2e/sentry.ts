// A real receiver of Sentry's envelopes, and what it has received.

import { resolve } from 'node:path';
import { freePort, Program } from './process.ts';

/** A report, as far as tests look at it. */
export interface Report {
  level: string;
  platform: string;
  release: string;
  environment: string;
  transaction: string;
  request: { headers: Record<string, string> };
  exception: {
    values: { type: string; value: string; stacktrace: { frames: { filename: string; lineno?: number }[] } }[];
  };
}

type Envelope = [unknown, [{ type: string }, Report][]];

export class Sentry {
  private constructor(
    private readonly program: Program,
    private readonly port: number,
  ) {}

  static async start(): Promise<Sentry> {
    const port = await freePort();
    const program = new Program('node', [resolve(import.meta.dirname, 'sentry-receiver.mjs'), String(port)]);
    await program.prints(/^(ready)$/m, 60);
    return new Sentry(program, port);
  }

  /** Where its only project takes reports. */
  get dsn(): string {
    return `http://5ec3e7@127.0.0.1:${this.port}/1`;
  }

  /** Everything received so far, once there are so many reports; waits half a minute for them at most. */
  async received(most: number): Promise<Report[]> {
    const { body } = await fetch(`http://127.0.0.1:${this.port}/stream`, { signal: AbortSignal.timeout(30_000) });
    if (body === null) throw new Error('the receiver tells nothing');
    let told = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      const whole = told.slice(0, told.lastIndexOf('\n'));
      const lines = whole.split('\n').filter((line) => line.startsWith('data: '));
      const envelopes = lines.map((line) => JSON.parse(line.slice('data: '.length)) as Envelope);
      const reports = envelopes.flatMap(([, items]) => items.map(([, report]) => report));
      if (reports.length >= most) return reports;
    }
    throw new Error(`the receiver ended before it had ${most} reports: ${told}`);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
