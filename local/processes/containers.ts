import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerRuntime, ContainerSpec, LocalProcess, ProcessHost } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { type ImageConfig, parseDockerfile } from './dockerfile.ts';

export interface ContainerRuntimeOptions {
  host: ProcessHost;
  /** The folder that images are built from, the repository's root: it stands in for the images' WORKDIR. */
  context: string;
  /** The folders that hold `<workload>/<role>/Dockerfile`; `<context>/workloads` by default. */
  workloads?: string[];
}

/**
 * Runs an image by its Dockerfile without building it: the ENTRYPOINT is a process in the build context, with
 * this machine's Node, Python or shell. Paths under the WORKDIR lead into the context.
 */
export class LocalContainerRuntime implements ContainerRuntime {
  readonly #host: ProcessHost;
  readonly #context: string;
  readonly #workloads: string[];

  constructor({ host, context, workloads = [join(context, 'workloads')] }: ContainerRuntimeOptions) {
    this.#host = host;
    this.#context = context;
    this.#workloads = workloads;
  }

  async start(spec: ContainerSpec): Promise<LocalProcess> {
    const image = parseDockerfile(readFileSync(this.#dockerfile(spec.imageUri), 'utf8'));
    const [command, ...args] = commandLine(image, spec).map((part) => this.#onThisMachine(part, image));
    if (command === undefined) {
      throw new StatusError(
        'FAILED_PRECONDITION',
        `The image ${spec.imageUri} has neither ENTRYPOINT nor CMD in its Dockerfile, and ${spec.label} gives no command.`,
      );
    }
    const imageEnv = Object.entries(image.env).map(([name, value]) => [
      name,
      this.#onThisMachine(value, image),
    ]);
    const { label, serviceAccount, project, onLine } = spec;
    return this.#host.start({
      label,
      command,
      args,
      cwd: this.#context,
      serviceAccount,
      project,
      env: { ...Object.fromEntries(imageEnv), ...spec.env },
      ...(onLine && { onLine }),
    });
  }

  /** `…/<workload>-<role>:tag` is built from `<workload>/<role>/Dockerfile`; either name may have dashes itself. */
  #dockerfile(imageUri: string): string {
    const name = imageUri.slice(imageUri.lastIndexOf('/') + 1).replace(/[@:].*$/, '');
    const parts = name.split('-');
    const candidates = this.#workloads.flatMap((folder) =>
      parts.slice(1).map((_part, index) => {
        const split = parts.length - 1 - index;
        const workload = parts.slice(0, split).join('-');
        return join(folder, workload, parts.slice(split).join('-'), 'Dockerfile');
      }),
    );
    const found = candidates.find((file) => existsSync(file));
    if (found) return found;
    const where =
      candidates.length > 0
        ? `there is no ${candidates.join(', nor ')}`
        : 'its name has no <workload>-<role>';
    throw new StatusError('NOT_FOUND', `Image "${imageUri}" not found: ${where}.`);
  }

  #onThisMachine(value: string, { workingDirectory }: ImageConfig): string {
    if (workingDirectory === '/') return value;
    if (value === workingDirectory) return this.#context;
    return value.startsWith(`${workingDirectory}/`)
      ? join(this.#context, value.slice(workingDirectory.length))
      : value;
  }
}

/** A `command` replaces ENTRYPOINT and drops CMD; `args` replace CMD. */
function commandLine(image: ImageConfig, { command, args }: ContainerSpec): string[] {
  const given = args?.length ? args : undefined;
  if (command?.length) return [...command, ...(given ?? [])];
  return [...image.entrypoint, ...(given ?? image.cmd)];
}
