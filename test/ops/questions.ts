import type { RunId } from '../../events/index.ts';
import type { EventView } from '../../ops/events/history.ts';
import type { ParkedView } from '../../ops/events/parked.ts';
import type { RunDescription } from '../../ops/runs/describe.ts';
import type { RunSummary } from '../../ops/runs/summary.ts';
import type { CommandLine } from './command-line.ts';

/** What tests ask of `baton` about runs and their events, parsed. */
export class Questions {
  readonly #baton: CommandLine;

  constructor(baton: CommandLine) {
    this.#baton = baton;
  }

  list(...filter: string[]): Promise<{ runs: RunSummary[]; more: boolean }> {
    return this.#baton.json('runs', 'list', ...filter);
  }

  describe(run: RunId): Promise<RunDescription> {
    return this.#baton.json('runs', 'describe', run);
  }

  /** As `describe`, of a run that may not have begun. */
  async describeIfThere(run: RunId): Promise<RunDescription | undefined> {
    const { code, stdout } = await this.#baton('--format', 'json', 'runs', 'describe', run);
    return code === 0 ? (JSON.parse(stdout) as RunDescription) : undefined;
  }

  /** How each of a run's attempts at a stage stands: `1 parked`. */
  async attempts(run: RunId, stage: string): Promise<string[]> {
    const { stages } = await this.describe(run);
    return stages.filter((its) => its.stage === stage).map(({ attempt, state }) => `${attempt} ${state}`);
  }

  /** Has runs replayed, and answers what became of each. */
  replay(...args: string[]): Promise<{ replays: { run: string; result: string }[] }> {
    return this.#baton.json('runs', 'replay', ...args);
  }

  events(run: RunId): Promise<{ events: EventView[] }> {
    return this.#baton.json('events', 'list', '--run', run);
  }

  /** Who started a run, by each of its events: the kind of account, and its name. */
  async starters(run: RunId): Promise<(string | undefined)[][]> {
    const { events } = await this.events(run);
    const shown = await Promise.all(
      events.map(({ id }) => this.#baton.json<EventView>('events', 'show', id)),
    );
    return shown.flatMap(({ event }) => (event ? [[event.authtype, event.authid]] : []));
  }

  /** The messages that are parked on a subscription. */
  async parkedOn(subscription: string): Promise<ParkedView[]> {
    const { parked } = await this.#baton.json<{ parked: ParkedView[] }>('events', 'list', '--limit', '1');
    return parked.filter((message) => message.subscription === subscription);
  }
}
