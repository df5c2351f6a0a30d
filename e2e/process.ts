// Programs that tests start, wait for and stop again.

import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A port of the loopback interface that nothing listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

/** A program that runs until it is stopped. What it prints is kept for the report of a failure. */
export class Program {
  private output = '';
  private readonly child: ChildProcess;

  constructor(
    private readonly command: string,
    args: string[],
    environment: Record<string, string> = {},
  ) {
    this.child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const keep = (chunk: Buffer) => (this.output += chunk.toString());
    this.child.stdout?.on('data', keep);
    this.child.stderr?.on('data', keep);
    this.child.on('error', (error) => (this.output += String(error)));
  }

  /** Everything it has printed so far. */
  get log(): string {
    return this.output;
  }

  /** Resolves with what `pattern` captures in the program's output; fails when it ends before, or after `seconds`. */
  async prints(pattern: RegExp, seconds: number): Promise<string> {
    return this.until(async () => pattern.exec(this.output)?.[1], `print ${pattern}`, seconds);
  }

  /** Resolves when `url` answers with success; fails when the program ends before that, or after `seconds`. */
  async answers(url: string, seconds: number): Promise<void> {
    const succeeds = async () => (await fetch(url).catch(() => undefined))?.ok || undefined;
    await this.until(succeeds, `answer ${url}`, seconds);
  }

  async stop(): Promise<void> {
    if (this.hasEnded) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(impatience);
  }

  private async until<Result>(
    probe: () => Promise<Result | undefined>,
    expectation: string,
    seconds: number,
  ): Promise<Result> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline && !this.hasEnded) {
      const result = await probe();
      if (result !== undefined) return result;
      await sleep(50);
    }
    const reason = this.hasEnded ? 'ended before it did' : `did not within ${seconds} s`;
    throw new Error(`${this.command} should ${expectation} but ${reason}:\n${this.output}`);
  }

  private get hasEnded(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
