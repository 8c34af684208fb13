/** What the launcher is asked to start. */
export interface Launch {
  id: number;
  command: string;
  args: string[];
  cwd: string;
  env: Record<string, string>;
}

export type Stream = 'stdout' | 'stderr';

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** What the launcher tells of a process: that it runs or can't, each line that it writes, and last that it has ended. */
export type LaunchReport =
  | { id: number; started: number }
  | { id: number; failed: string }
  | { id: number; line: string; stream: Stream }
  | { id: number; exit: Exit };
