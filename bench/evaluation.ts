/** A file in `bench/evaluate`: one command of `npm run evaluate`. */
export interface Evaluation {
  name: string;
  /** One line for the list of commands. */
  summary: string;
  /** Parses its own arguments (`--help` among them) and throws with what to do next when they are wrong. */
  run(args: string[]): Promise<void>;
}
