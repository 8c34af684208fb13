import type { z } from 'zod';
import {
  type BatonEvent,
  type Envelope,
  type EventContract,
  parseEvent,
  type RunId,
  type StageName,
  type StartedOperation,
} from '../../events/index.ts';
import type { Environment } from './environment.ts';
import type { Logger } from './log.ts';
import { childTrace } from './trace.ts';

/** What a stage is given to work with. */
export interface Work {
  run: RunId;
  attempt: number;
  environment: Environment;
  log: Logger;
  traceparent: string;
  clock(): Date;
}

/** What an attempt works with: its own span of the run's trace, and a logger that says where it stands. */
export function workOn(
  { run, stage, attempt }: { run: RunId; stage: StageName; attempt: number },
  traceparent: string | undefined,
  environment: Environment,
  logger: Logger,
): Work {
  const span = childTrace(run, traceparent);
  return {
    run,
    attempt,
    environment,
    log: logger.with({ run, stage, attempt, traceparent: span }),
    traceparent: span,
    clock: () => new Date(),
  };
}

/** How a stage's work stands: ended with an event, or handed to `settle`. */
export type Outcome<State> = Completed | Pending<State>;

/** What became of something outstanding: as above, or there is nothing left to wait for. */
export type Settled = Outcome<unknown> | { kind: 'moot' };

export interface Completed {
  kind: 'completed';
  contract: EventContract<unknown>;
  data: unknown;
  /** Tidies what the run no longer needs; called after the event is published, and may be lost with a crash. */
  cleanUp?: () => Promise<void>;
}

export interface Pending<State> {
  kind: 'pending';
  /** The resource names of what is under way. */
  resources: string[];
  state: State;
}

export function completed<Data>(
  contract: EventContract<Data>,
  data: Data,
  cleanUp?: () => Promise<void>,
): Completed {
  return { kind: 'completed', contract: contract as EventContract<unknown>, data, cleanUp };
}

export const pending = <State>(resources: string[], state: State): Pending<State> => ({
  kind: 'pending',
  resources,
  state,
});

/** A stage as its file writes it. */
export interface StageDefinition<Input, State> {
  name: StageName;
  /** The event that wakes the stage. */
  input: EventContract<Input>;
  /** The state that `settle` gets back; its schema guards against records of another version. */
  state: z.ZodType<State>;
  /**
   * Starts the stage's work. Called again after a crash, so it looks before it creates: whatever it makes has a
   * name that follows from the run and the attempt.
   */
  start(event: BatonEvent<Input>, work: Work): Promise<Outcome<State>>;
  /** Looks at the true state of what was started, and carries on from there. Called by every sweep. */
  settle(
    operation: { event: BatonEvent<Input>; state: State; resources: string[] },
    work: Work,
  ): Promise<Outcome<State>>;
}

/** Whatever leaves something outstanding, as a sweep sees it. */
export interface Settling {
  settle(record: StartedOperation, work: Work): Promise<Settled>;
}

/** A stage with its types closed over, as the runtime handles it. */
export interface Stage extends Settling {
  name: StageName;
  start(envelope: Envelope, work: Work): Promise<Outcome<unknown>>;
}

/** Makes a stage of its definition: parses at the edge, so that the definition sees typed values only. */
export function defineStage<Input, State>(definition: StageDefinition<Input, State>): Stage {
  return {
    name: definition.name,
    async start(envelope, work) {
      return definition.start(parseEvent(definition.input, envelope), work);
    },
    async settle(record, work) {
      if (!record.input) throw new Error(`the operation of ${record.stage} keeps no input event`);
      const event = parseEvent(definition.input, record.input);
      const state = definition.state.parse(record.state);
      return definition.settle({ event, state, resources: record.resources }, work);
    },
  };
}
