import type { google } from '@google-cloud/aiplatform/build/protos/protos.js';
import { StatusError } from '../../status.ts';
import { matcher } from '../filter.ts';
import { plain, ResourceStore } from '../resource-store.ts';
import { now } from '../values.ts';
import type { Artifact, Context, Execution, MetadataNodes } from './nodes.ts';

type Event = google.cloud.aiplatform.v1.IEvent;

/** What a query answers at most of artifacts, of executions and of events. */
const LARGEST = 1000;

interface Nodes {
  artifacts: MetadataNodes<Artifact>;
  executions: MetadataNodes<Execution>;
  contexts: MetadataNodes<Context>;
}

/** A part of the graph, as queries answer it. */
interface Subgraph {
  artifacts: Artifact[];
  executions: Execution[];
  events: Event[];
}

/** What belongs to a context. */
interface Membership {
  name: string;
  artifacts: string[];
  executions: string[];
}

/** The edges of a metadata store: which artifacts executions read and wrote, and what belongs to which context. */
export class Lineage {
  readonly #nodes: Nodes;
  readonly #events: ResourceStore<Event & { name: string }>;
  readonly #members: ResourceStore<Membership>;

  constructor(stateDir: string, nodes: Nodes) {
    this.#nodes = nodes;
    this.#events = new ResourceStore(stateDir, 'metadata-events');
    this.#members = new ResourceStore(stateDir, 'metadata-members');
  }

  /** Adds events to an execution; one between the same two is there already, and skipped. */
  addEvents(execution: string, events: Event[]): void {
    this.#nodes.executions.get(execution);
    const added = events.map((event) => {
      const { name: artifact } = this.#nodes.artifacts.get(event.artifact ?? '');
      if (!event.type || event.type === 'TYPE_UNSPECIFIED') {
        throw new StatusError('INVALID_ARGUMENT', `The event of "${artifact}" has no type.`);
      }
      return { ...plain(event), execution, eventTime: now(), name: `${execution} ${artifact}` };
    });
    const missing = added.filter(({ name }) => !this.#events.find(name));
    if (missing.length > 0) this.#events.change({ put: missing });
  }

  /** Adds to a context what is not in it yet. */
  addMembers(context: string, artifacts: string[], executions: string[]): void {
    this.#nodes.contexts.get(context);
    for (const artifact of artifacts) this.#nodes.artifacts.get(artifact);
    for (const execution of executions) this.#nodes.executions.get(execution);
    const standing = this.#membersOf(context);
    this.#members.put({
      name: context,
      artifacts: [...new Set([...standing.artifacts, ...artifacts])],
      executions: [...new Set([...standing.executions, ...executions])],
    });
  }

  isMember(context: string, { name }: { name?: string | null }): boolean {
    const { artifacts, executions } = this.#membersOf(context);
    return artifacts.includes(name ?? '') || executions.includes(name ?? '');
  }

  /** What is in a context, and the events between that. */
  ofContext(context: string): Subgraph {
    this.#nodes.contexts.get(context);
    const { artifacts, executions } = this.#membersOf(context);
    return this.#subgraph(new Set(artifacts), new Set(executions));
  }

  ofExecution(execution: string): Subgraph {
    this.#nodes.executions.get(execution);
    const artifacts = this.#events.all().filter((event) => event.execution === execution);
    return this.#subgraph(new Set(artifacts.map(({ artifact }) => artifact ?? '')), new Set([execution]));
  }

  /**
   * All that an artifact is connected with, over as many events as `maxHops` says; over any number for 0, which a
   * message that leaves it out has too.
   */
  ofArtifact(artifact: string, maxHops: number, filter: string): Subgraph {
    if (maxHops < 0) throw new StatusError('INVALID_ARGUMENT', `max_hops is ${maxHops}.`);
    const matches = matcher(filter);
    this.#nodes.artifacts.get(artifact);
    const reached = new Set([artifact]);
    let edge = [artifact];
    for (let hops = 0; edge.length > 0 && (maxHops === 0 || hops < maxHops); hops++) {
      const [last, next] = [new Set(edge), new Set<string>()];
      for (const event of this.#events.all()) {
        const ends = [event.artifact ?? '', event.execution ?? ''];
        for (const [from, to] of [ends, ends.toReversed()]) {
          const isPassable = to !== event.artifact || matches(this.#nodes.artifacts.get(to));
          if (last.has(from) && !reached.has(to) && isPassable) next.add(to);
        }
      }
      for (const name of next) reached.add(name);
      edge = [...next];
    }
    const isArtifact = (name: string) => name.includes('/artifacts/');
    const [artifacts, executions] = [
      [...reached].filter(isArtifact),
      [...reached].filter((it) => !isArtifact(it)),
    ];
    return this.#subgraph(new Set(artifacts), new Set(executions));
  }

  #subgraph(artifacts: Set<string>, executions: Set<string>): Subgraph {
    const events = this.#events
      .all()
      .filter((event) => artifacts.has(event.artifact ?? '') && executions.has(event.execution ?? ''));
    if (Math.max(artifacts.size, executions.size, events.length) > LARGEST) {
      throw new StatusError('FAILED_PRECONDITION', `The lineage has more than ${LARGEST} of a kind.`);
    }
    return {
      artifacts: [...artifacts].map((name) => this.#nodes.artifacts.get(name)),
      executions: [...executions].map((name) => this.#nodes.executions.get(name)),
      events: events.map(({ name: _, ...event }) => event),
    };
  }

  #membersOf(context: string): Membership {
    return this.#members.find(context) ?? { name: context, artifacts: [], executions: [] };
  }
}
