// The real server, as `cargo xtask dist` assembles it, with data of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Program, freePort } from './process.ts';

const executable = resolve(import.meta.dirname, '../target/dist-dev/hyperion');

export class Hyperion {
  private constructor(
    private readonly program: Program,
    private readonly data: string,
    readonly url: string,
  ) {}

  /** Starts a server on a free port with an empty data folder; resolves when it answers. */
  static async start(): Promise<Hyperion> {
    const address = `127.0.0.1:${await freePort()}`;
    const data = await mkdtemp(join(tmpdir(), 'hyperion-e2e-'));
    const program = new Program(executable, ['serve', '--listen', address, '--data-dir', data]);
    const hyperion = new Hyperion(program, data, `http://${address}`);
    try {
      await program.answers(`${hyperion.url}/sign-in`, 60);
    } catch (error) {
      await hyperion.stop();
      throw error;
    }
    return hyperion;
  }

  get log(): string {
    return this.program.log;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    await rm(this.data, { recursive: true, force: true });
  }
}
