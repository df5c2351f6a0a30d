// The real server, as `cargo xtask dist` assembles it, with data of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Program } from './process.ts';

const executable = resolve(import.meta.dirname, '../target/dist-dev/hyperion');

export class Hyperion {
  private constructor(
    private readonly program: Program,
    private readonly data: string,
    readonly url: string,
  ) {}

  /** Starts a server on a free port with an empty data folder and these variables; resolves when it serves. */
  static async start(environment: Record<string, string> = {}): Promise<Hyperion> {
    const data = await mkdtemp(join(tmpdir(), 'hyperion-e2e-'));
    // The language model of the tests listens on this machine.
    const options = ['--listen', '127.0.0.1:0', '--data-dir', data, '--allow-private-addresses', 'true'];
    const program = new Program(executable, ['serve', ...options], environment);
    try {
      const url = await program.prints(/is ready on (http:\S+)/, 60);
      return new Hyperion(program, data, url);
    } catch (error) {
      await program.stop();
      await rm(data, { recursive: true, force: true });
      throw error;
    }
  }

  get log(): string {
    return this.program.log;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}
