import type { ServedCall } from '../../local/faults/call-faults.ts';

/** The events with which a run is over, by their topics. */
const ENDINGS = ['eval-failed', 'rejected', 'refused', 'parked', 'superseded'];
/** A run that was deployed is over when it is watched and its rollout has ended; it counts as `monitored` then. */
const ROLLED_OUT = ['promoted', 'rolled-back'];

/** How a run ended, and when it was first told, in milliseconds of this process. */
export interface RunEnd {
  event: string;
  at: number;
}

const UPLOAD = /^(POST|PUT) storage\.googleapis\.com\/upload\//;

interface Message {
  attributes?: Record<string, string>;
}

/** The gRPC methods that bring something into being, and what tells one such thing from another. */
const CREATIONS: Record<string, (request: Record<string, Record<string, unknown>>) => unknown> = {
  LaunchTemplate: ({ launchParameters }) => launchParameters.jobName,
  CreateCustomJob: ({ customJob }) => customJob.displayName,
  UploadModel: ({ model }) => model.versionAliases,
  CreateEndpoint: ({ endpointId }) => endpointId,
  DeployModel: ({ deployedModel }) => deployedModel.id,
  ImportModelEvaluation: ({ modelEvaluation }) => modelEvaluation.displayName,
  CreateModelDeploymentMonitoringJob: ({ modelDeploymentMonitoringJob: job }) => job.endpoint,
};

/**
 * Keeps account of what the functions' calls brought about: what was created and how often, which events were
 * published, how each run ended. It sees calls as the servers do, so nothing escapes it that had an effect.
 */
export class Ledger {
  /** How often each thing was created, by `<method> <what>`: twice is a doubled effect. */
  readonly created = new Map<string, number>();
  /** How often each event was published, by its CloudEvents id. */
  readonly published = new Map<string, number>();
  readonly ends = new Map<string, RunEnd>();
  /** The traffic splits that were asked for, in their order; `0` is the version that is being deployed. */
  readonly splits: Record<string, number>[] = [];
  /** How often each object was written, by its name. */
  readonly written = new Map<string, number>();
  readonly #waiting = new Set<() => void>();
  /** The first of the two events with which a deployed run ends. */
  readonly #halfEnded = new Map<string, string>();

  /** The local cloud's `onCall`. */
  readonly record = ({ who, method, status, text }: ServedCall): void => {
    if (!who.includes('/function ') || status >= 300) return;
    const [, object] = UPLOAD.test(method) ? (/[?&]name=([^& ]+)/.exec(text()) ?? []) : [];
    if (object) count(this.written, decodeURIComponent(object));
    const name = method.slice(method.lastIndexOf('/') + 1);
    const idOf = CREATIONS[name];
    if (idOf) count(this.created, `${name} ${String(idOf(JSON.parse(text())))}`);
    if (name === 'Publish') this.#publish(JSON.parse(text()));
    if (name === 'DeployModel') this.splits.push(JSON.parse(text()).trafficSplit);
    if (name === 'UpdateEndpoint' && text().includes('"traffic_split"')) {
      this.splits.push(JSON.parse(text()).endpoint.trafficSplit);
    }
  };

  get objectWrites(): number {
    return [...this.written.values()].reduce((sum, times) => sum + times, 0);
  }

  get doubled(): string[] {
    return [...this.created]
      .filter(([, times]) => times > 1)
      .map(([what, times]) => `${what}: ${times} times`);
  }

  /** Waits until each run has ended. Throws with those that have not when the time is over. */
  async ended(runs: string[], timeoutMs: number): Promise<RunEnd[]> {
    const missing = () => runs.filter((run) => !this.ends.has(run));
    const deadline = performance.now() + timeoutMs;
    while (missing().length > 0) {
      const left = deadline - performance.now();
      if (left <= 0)
        throw new Error(`${missing().length} runs have not ended: ${missing().slice(0, 10).join(', ')}`);
      await this.#nextEnd(left);
    }
    return runs.map((run) => this.ends.get(run)!);
  }

  #publish({ topic, messages }: { topic: string; messages: Message[] }): void {
    const event = topic.slice(topic.lastIndexOf('/') + 1);
    for (const { attributes = {} } of messages) {
      if (attributes['ce-id']) count(this.published, attributes['ce-id']);
      const run = attributes['ce-correlationid'];
      const end = run && this.#endOf(run, event);
      if (!end || this.ends.has(run)) continue;
      this.ends.set(run, { event: end, at: performance.now() });
      for (const wake of this.#waiting) wake();
    }
  }

  /** What a run ends as, if this event is the last one that it needed. */
  #endOf(run: string, event: string): string | undefined {
    if (ENDINGS.includes(event)) return event;
    const isWatched = event === 'monitored';
    if (!isWatched && !ROLLED_OUT.includes(event)) return undefined;
    const half = this.#halfEnded.get(run) ?? event;
    this.#halfEnded.set(run, half);
    if (half === event) return undefined;
    const rolledOut = isWatched ? half : event;
    return rolledOut === 'promoted' ? 'monitored' : rolledOut;
  }

  async #nextEnd(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    this.#waiting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
