import { z } from 'zod';

/** One replica of the job, and where the others reach it. */
export interface Member {
  /** As Vertex AI's logs name it: `workerpool1-0`. */
  name: string;
  host: string;
  port: number;
}

/** The job's replicas, the primary one first, and which of them this process is. */
export interface Cluster {
  members: Member[];
  rank: number;
}

const Address = z.string().regex(/^[^:]+:\d{1,5}$/, 'expected host:port');

const Spec = z.object({
  cluster: z.record(z.string().regex(/^workerpool\d$/), z.array(Address)),
  task: z.object({ type: z.string(), index: z.int().min(0) }),
});

/**
 * `CLUSTER_SPEC` as Vertex AI gives it to each replica of a custom job. All replicas of all pools take part.
 *
 * @see https://docs.cloud.google.com/vertex-ai/docs/training/distributed-training#cluster-variables
 */
export const ClusterSpec = z
  .string()
  .transform((text, context): z.input<typeof Spec> => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue('expected JSON');
      return z.NEVER;
    }
  })
  .pipe(Spec)
  .transform(({ cluster, task }, context): Cluster => {
    const members = Object.keys(cluster)
      .sort()
      .flatMap((pool) => cluster[pool].map((address, index) => memberAt(`${pool}-${index}`, address)));
    const rank = members.findIndex(({ name }) => name === `${task.type}-${task.index}`);
    if (rank < 0) context.addIssue(`the task ${task.type}-${task.index} is not in the cluster`);
    return { members, rank };
  });

function memberAt(name: string, address: string): Member {
  const [host, port] = address.split(':');
  return { name, host, port: Number(port) };
}

/** `workerpool1-0 (host:2222)` */
export function describeMember({ name, host, port }: Member): string {
  return `${name} (${host}:${port})`;
}
