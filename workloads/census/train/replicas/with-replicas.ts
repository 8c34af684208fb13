import { log } from '../../container/log.ts';
import { ALONE, type Collective } from '../../model/collective.ts';
import { type Cluster, describeMember } from './cluster-spec.ts';
import { type JoinOptions, joinReplicas } from './join.ts';

/**
 * Does a replica's part of a training that all replicas of a job do together. When one fails, all do, with its
 * reason.
 *
 * @param cluster the job's replicas; without one, or with one of a single replica, nobody is waited for
 */
export async function withReplicas<Result>(
  cluster: Cluster | undefined,
  options: JoinOptions,
  work: (collective: Collective) => Promise<Result>,
): Promise<Result> {
  if (!cluster || cluster.members.length === 1) return work(ALONE);
  const { members, rank } = cluster;
  const collective = await joinReplicas(cluster, options);
  log('INFO', `replica ${describeMember(members[rank])} joined: number ${rank} of ${members.length}`);
  try {
    const result = await work(collective);
    collective.end();
    return result;
  } catch (error) {
    collective.abort(`replica ${describeMember(members[rank])} gave up: ${(error as Error).message}`);
    throw error;
  }
}
