// A small real language model behind an OpenAI-compatible address.

import { resolve } from 'node:path';
import { Program, freePort } from './process.ts';

export class LanguageModel {
  private constructor(
    private readonly program: Program,
    /** What a connection to it takes as its base URL. */
    readonly baseUrl: string,
    /** The name of the model it serves. */
    readonly model: string,
  ) {}

  static async start(): Promise<LanguageModel> {
    const port = await freePort();
    const program = new Program(resolve(import.meta.dirname, '../scripts/llm.sh'), ['serve', String(port)]);
    try {
      await program.answers(`http://127.0.0.1:${port}/health`, 60);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return new LanguageModel(program, `http://127.0.0.1:${port}/v1`, 'smollm2');
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
