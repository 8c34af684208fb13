/** A process that this machine runs for the cloud: a function instance or a container. */
export interface LocalProcess {
  /** By which the network knows its connections. */
  id: string;
  pid: number;
  /** Ends with the exit code, or the signal's name. Never rejects. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** SIGTERM to its process group, then SIGKILL after the grace period (milliseconds). */
  stop(graceMs?: number): Promise<void>;
}

export interface ProcessSpec {
  /** What the process is, for logs and errors: `function train`, `custom job 123`. */
  label: string;
  command: string;
  args: string[];
  cwd: string;
  /** The service account's e-mail; its metadata server, and so its tokens, are the process's only credentials. */
  serviceAccount: string;
  project: string;
  /** The process's own variables; the environment that leads to the local cloud is added. */
  env: Record<string, string>;
  /** Called for each line of stdout and stderr. */
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** Starts processes whose environment leads every Google client to the local servers, and ends them all. */
export interface ProcessHost {
  start(spec: ProcessSpec): Promise<LocalProcess>;
  /** Resident memory of everything alive, in bytes. */
  residentBytes(): number;
  close(): Promise<void>;
}

export interface ContainerSpec {
  label: string;
  /** The image as the API caller named it; the local registry finds the Dockerfile it is built from. */
  imageUri: string;
  /** Overrides the image's ENTRYPOINT, as a container spec's `command` does. */
  command?: string[];
  args?: string[];
  env: Record<string, string>;
  serviceAccount: string;
  project: string;
  onLine?: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** Runs container images as processes, by the ENTRYPOINT, CMD, ENV and WORKDIR of their Dockerfile. */
export interface ContainerRuntime {
  /** Throws a NOT_FOUND `StatusError` when no Dockerfile stands behind the image. */
  start(spec: ContainerSpec): Promise<LocalProcess>;
}
