import type { z } from 'zod';
import {
  type BatonEvent,
  type Envelope,
  type EventContract,
  type OperationRecord,
  parseEvent,
  type RunId,
  type StageName,
} from '../../events/index.ts';
import type { Environment } from './environment.ts';
import { StageFailure } from './failure.ts';
import type { Logger } from './log.ts';
import type { Outstanding } from './outstanding.ts';
import { childTrace } from './trace.ts';

/** What a stage is given to work with. */
export interface Work {
  run: RunId;
  attempt: number;
  environment: Environment;
  log: Logger;
  traceparent: string;
  clock(): Date;
  /**
   * To be asked right before a call that a second caller would repeat, such as creating a job that gets its name
   * from the service.
   *
   * @throws StageFailure when this process has been at work for longer than its lease, and so may have been overtaken
   */
  checkLease(): void;
}

/** The work of a process that took its attempt at a moment of `performance.now()`, which no clock change moves. */
export function underLease(work: Work, since: number): Work {
  const leaseMs = work.environment.BATON_LEASE_SECONDS * 1000;
  return {
    ...work,
    checkLease() {
      const held = performance.now() - since;
      if (held < leaseMs) return;
      throw new StageFailure(
        'BATON_UNAVAILABLE',
        `the lease ran out after ${leaseMs} ms, and ${Math.round(held)} ms have passed: somebody else may be at work`,
      );
    },
  };
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
    checkLease: () => {},
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
}

export interface Pending<State> {
  kind: 'pending';
  /** The resource names of what is under way. */
  resources: string[];
  state: State;
}

export function completed<Data>(contract: EventContract<Data>, data: Data): Completed {
  return { kind: 'completed', contract: contract as EventContract<unknown>, data };
}

export const pending = <State>(resources: string[], state: State): Pending<State> => ({
  kind: 'pending',
  resources,
  state,
});

/** A long operation of a stage, as its `settle` gets it back. */
export interface Operation<Input, State> {
  event: BatonEvent<Input>;
  state: State;
  resources: string[];
  /** The workload's marker has come: its results are complete, whatever its job is still at. */
  signalled: boolean;
}

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
  /** Of many operations, those that may have got further; found by list calls. */
  ready(outstanding: Outstanding[], environment: Environment): Promise<Outstanding[]>;
  /** Looks at the true state of what was started, and carries on from there. */
  settle(operation: Operation<Input, State>, work: Work): Promise<Outcome<State>>;
  /** Takes away what only the operation needed; called when its ending is published, again after a crash. */
  cleanUp?(event: BatonEvent<Input>, work: Work): Promise<void>;
}

/** Whatever leaves something outstanding, as a sweep sees it. */
export interface Settling {
  ready(outstanding: Outstanding[], environment: Environment): Promise<Outstanding[]>;
  settle(record: OperationRecord, work: Work, signalled: boolean): Promise<Settled>;
  cleanUp?(record: Pick<OperationRecord, 'input'>, work: Work): Promise<void>;
}

/** A stage with its types closed over, as the runtime handles it. */
export interface Stage extends Settling {
  name: StageName;
  /** The CloudEvents type of the event that wakes the stage. */
  input: string;
  start(envelope: Envelope, work: Work): Promise<Outcome<unknown>>;
}

/** Makes a stage of its definition: parses at the edge, so that the definition sees typed values only. */
export function defineStage<Input, State>(definition: StageDefinition<Input, State>): Stage {
  return {
    name: definition.name,
    input: definition.input.type,
    ready: (outstanding, environment) => definition.ready(outstanding, environment),
    async start(envelope, work) {
      return definition.start(parseEvent(definition.input, envelope), work);
    },
    async settle(record, work, signalled) {
      if (!record.input) throw new Error(`the operation of ${record.stage} keeps no input event`);
      const event = parseEvent(definition.input, record.input);
      const state = definition.state.parse(record.state);
      return definition.settle({ event, state, resources: record.resources, signalled }, work);
    },
    async cleanUp({ input }, work) {
      if (input) await definition.cleanUp?.(parseEvent(definition.input, input), work);
    },
  };
}
