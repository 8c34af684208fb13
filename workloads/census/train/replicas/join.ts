import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { log } from '../../container/log.ts';
import { TreeCollective } from './all-reduce.ts';
import { type Cluster, describeMember } from './cluster-spec.ts';
import { FrameType } from './frames.ts';
import { GivenUp, Link } from './link.ts';

const RETRY_MS = 250;
/** For one try to connect, and for a caller to say who it is: a stranger who says nothing may not stay. */
const PATIENCE_MS = 10_000;
const LOOPBACK = /^(127\.|localhost$)/;

const Hello = z.object({ rank: z.int(), replicas: z.int(), agreement: z.string() });
type Hello = z.infer<typeof Hello>;

export interface JoinOptions {
  /** What all replicas must have been told alike, as text. */
  agreement: string;
  /** How long the others may take to be there. */
  timeoutSeconds: number;
}

/** A replica on its way into the tree. */
interface Joining {
  cluster: Cluster;
  hello: Hello;
  timeoutSeconds: number;
  /** Ends when the time is over or when another part of the joining has failed. */
  signal: AbortSignal;
  /** Connections so far. */
  links: Link[];
}

/**
 * Connects the replicas of a job as a binary tree: each listens at its own address of the cluster for its two
 * children, and calls its parent until that answers. The connections are plain TCP within the job's network, as
 * XGBoost's and LightGBM's are: a replica has no certificate that another could check.
 *
 * @throws Error naming the replica that is not there in time, has failed, or was told to train something else
 */
export async function joinReplicas(cluster: Cluster, options: JoinOptions): Promise<TreeCollective> {
  const { members, rank } = cluster;
  const { agreement, timeoutSeconds } = options;
  const failure = new AbortController();
  const signal = AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), failure.signal]);
  const hello = { rank, replicas: members.length, agreement };
  const joining: Joining = { cluster, hello, timeoutSeconds, signal, links: [] };
  const both = [rank > 0 ? callParent(joining) : undefined, acceptChildren(joining)] as const;
  try {
    const [parent, children] = await Promise.all(both);
    return new TreeCollective(rank, members.length, parent, children);
  } catch (error) {
    failure.abort();
    await Promise.allSettled(both);
    for (const link of joining.links) link.abort((error as Error).message);
    throw error;
  }
}

/** Calls until somebody answers: replicas start in any order, and minutes apart where a machine has to be found. */
async function callParent(joining: Joining): Promise<Link> {
  const { cluster, hello, signal, timeoutSeconds, links } = joining;
  const parent = cluster.members[(cluster.rank - 1) >> 1];
  for (;;) {
    const socket = connect({ host: parent.host, port: parent.port });
    const link = new Link(socket, describeMember(parent));
    try {
      await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]) });
      link.send(FrameType.HELLO, 0, Buffer.from(JSON.stringify(hello)));
      await unlessAborted(link.receive(FrameType.WELCOME), signal);
      links.push(link);
      return link;
    } catch (error) {
      link.abort(`replica ${describeMember(cluster.members[cluster.rank])} gave up waiting`);
      if (error instanceof GivenUp) throw error;
      if (signal.aborted) {
        const cause = error instanceof Error && 'code' in error ? `: ${error.code}` : '';
        throw new Error(
          `replica ${describeMember(parent)} could not be reached within ${timeoutSeconds} s${cause}`,
        );
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => {});
    }
  }
}

/** Waits until each child has called. */
async function acceptChildren(joining: Joining): Promise<Link[]> {
  const { cluster, signal, timeoutSeconds } = joining;
  const { members, rank } = cluster;
  const missing = new Set([2 * rank + 1, 2 * rank + 2].filter((child) => child < members.length));
  if (missing.size === 0) return [];
  const children = new Map<number, Link>();
  const done = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    greet(socket, joining, missing)
      .then(([child, link]) => {
        children.set(child, link);
        link.onFailure = done.reject;
        if (missing.size === 0) done.resolve();
      })
      .catch((error: Error) => {
        if (error instanceof Disagreement) done.reject(error);
        else log('WARNING', `refused a connection: ${error.message}`);
      });
  });
  try {
    await listen(server, cluster);
    await unlessAborted(done.promise, signal);
    return [...children].sort(([a], [b]) => a - b).map(([, link]) => link);
  } catch (error) {
    if (!signal.aborted) throw error;
    const names = [...missing].map((child) => describeMember(members[child]));
    throw new Error(`did not hear of ${names.join(' and ')} within ${timeoutSeconds} s`);
  } finally {
    server.close();
  }
}

/** A replica of this job that was told to train something else. */
class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

/** Lets a caller in that is a missing child. */
async function greet(
  socket: Socket,
  { cluster, hello: own, signal, links }: Joining,
  missing: Set<number>,
): Promise<[child: number, link: Link]> {
  const link = new Link(socket, `${socket.remoteAddress}:${socket.remotePort}`);
  const patience = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const payload = await unlessAborted(link.receive(FrameType.HELLO), patience);
    const hello = Hello.parse(JSON.parse(payload.toString('utf8')));
    if (!missing.has(hello.rank)) throw new Error(`${link.peer} calls itself number ${hello.rank}`);
    link.peer = describeMember(cluster.members[hello.rank]);
    if (hello.agreement !== own.agreement || hello.replicas !== own.replicas) {
      throw new Disagreement(
        `replica ${link.peer} was started otherwise than ${describeMember(cluster.members[cluster.rank])}: it has ${JSON.stringify(hello)}, not ${JSON.stringify(own)}`,
      );
    }
    missing.delete(hello.rank);
    links.push(link);
    link.send(FrameType.WELCOME);
    return [hello.rank, link];
  } catch (error) {
    link.abort((error as Error).message);
    throw error;
  }
}

/** A name may be a service's, whose address is not this machine's own; a loopback address is for this machine only. */
async function listen(server: Server, { members, rank }: Cluster): Promise<void> {
  const { host, port } = members[rank];
  server.listen({ port, ...(LOOPBACK.test(host) ? { host } : {}) });
  await once(server, 'listening');
}

async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
