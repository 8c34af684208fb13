/** What the transform worker is given to do. */
export interface TransformTask {
  /** The UDF's source text, and the gs:// address it came from. */
  source: string;
  sourceUri: string;
  functionName: string;
  inputs: { uri: string; path: string }[];
  /** The file that the rows go to, one JSON text per line. */
  spool: string;
  /** Where the worker is, for the watching thread: the input's index, and the line in it. */
  position: SharedArrayBuffer;
}

export const POSITION = { input: 0, line: 1 } as const;

/** The worker's last word: either counts, or why the job fails. */
export type TransformResult =
  | { ok: true; linesRead: number; linesDropped: number }
  | { ok: false; reason: string };
