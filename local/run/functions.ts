import { FunctionService } from './function-service.ts';
import type { InstanceHost } from './instance.ts';
import { type ColdStart, type FunctionDeclaration, serviceName } from './types.ts';

const DEFAULT_IDLE_MS = 2000;

export interface FunctionsOptions extends InstanceHost {
  /** How long an instance without requests is kept, in milliseconds; 2 s by default, minutes at Google. */
  idleMs?: number;
  /** Told of each instance that has answered its first request. */
  onColdStart?: ((start: ColdStart) => void) | undefined;
}

/** All functions of the local cloud, by their Cloud Run service and by the host that leads to them. */
export class Functions {
  readonly #options: FunctionsOptions;
  readonly #services = new Map<string, FunctionService>();
  readonly #byHost = new Map<string, FunctionService>();

  constructor(options: FunctionsOptions) {
    this.#options = options;
  }

  /** Makes a function available, from zero instances. One declared before under that name is replaced. */
  async declare(declaration: FunctionDeclaration): Promise<void> {
    const name = serviceName(declaration);
    await this.#services.get(name)?.close();
    const options = { ...this.#options, idleMs: this.#options.idleMs ?? DEFAULT_IDLE_MS };
    const service = new FunctionService(declaration, options);
    this.#services.set(name, service);
    this.#byHost.set(new URL(declaration.uri).host, service);
  }

  /** @param service `projects/P/locations/L/services/S` */
  find(service: string): FunctionService | undefined {
    return this.#services.get(service);
  }

  /** @param host as in the function's URI, e.g. `train-123.us-central1.run.app` */
  findByHost(host: string): FunctionService | undefined {
    return this.#byHost.get(host);
  }

  list(): FunctionService[] {
    return [...this.#services.values()];
  }

  async close(): Promise<void> {
    await Promise.all(this.list().map((service) => service.close()));
  }
}
