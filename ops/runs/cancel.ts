import { TENANT_OF, type Tenant } from '../../events/index.ts';
import type { Session } from '../commands/session.ts';
import { CommandError, EXIT } from '../terminal/exit-codes.ts';
import type { RunView } from './run-view.ts';

interface Operation {
  stage: string;
  attempt: number;
  resource: string;
}

export interface Cancellation {
  operations: Operation[];
  /** The tenants in which something is cancelled. */
  tenants: Tenant[];
  /** Asks Google to cancel each. An operation that has ended meanwhile is as good. */
  send(): Promise<void>;
}

const CUSTOM_JOB = /^projects\/[^/]+\/locations\/([^/]+)\/customJobs\/\d+$/;
const DATAFLOW_JOB = /^(?:projects\/[^/]+\/locations\/[^/]+\/jobs\/)?([\w-]+)$/;

/**
 * What a run waits for, ready to be cancelled. `settle` sees the operations end and parks the stage, as it would for
 * one that was cancelled in the console.
 *
 * @throws CommandError `refused` when it waits for nothing that can be cancelled
 */
export function cancelRun(session: Session, view: RunView): Cancellation {
  if (view.state === 'awaiting-approval') {
    throw new CommandError(
      EXIT.refused,
      `${view.run} waits for somebody to decide: \`baton approvals reject ${view.run}\` ends it`,
    );
  }
  const waiting = view.stages.filter(({ state }) => state === 'waiting');
  const operations = waiting.flatMap(({ stage, attempt, operation = [] }) =>
    operation.map((resource) => ({ stage, attempt, resource, tenant: TENANT_OF[stage] })),
  );
  const kept = operations.filter(({ resource }) => CUSTOM_JOB.test(resource) || DATAFLOW_JOB.test(resource));
  if (kept.length === 0) {
    if (waiting.some(({ stage }) => stage === 'rollout')) {
      throw new CommandError(
        EXIT.refused,
        `${view.run} is being rolled out: \`baton models rollback --to previous\` ends that`,
      );
    }
    const what = operations.map(({ resource }) => resource).join(', ');
    throw new CommandError(
      EXIT.refused,
      what
        ? `${view.run} waits for ${what}, which is not a job: it ends by itself in minutes`
        : `${view.run} is ${view.state}, and waits for no operation`,
    );
  }
  return {
    operations: kept.map(({ stage, attempt, resource }) => ({ stage, attempt, resource })),
    tenants: [...new Set(kept.map(({ tenant }) => tenant))],
    send: async () => {
      for (const { resource, tenant } of kept) await cancel(session, resource, tenant);
    },
  };
}

async function cancel({ clients, environment }: Session, resource: string, tenant: Tenant): Promise<void> {
  const [, region] = CUSTOM_JOB.exec(resource) ?? [];
  const [, jobId] = DATAFLOW_JOB.exec(resource) ?? [];
  try {
    if (region) {
      await (await clients.vertexJobs(region)).cancelCustomJob({ name: resource });
    } else {
      const { project: projectId, region: location } = environment[tenant];
      const job = { requestedState: 'JOB_STATE_CANCELLED' as const };
      await (await clients.dataflowJobs()).updateJob({ projectId, location, jobId, job });
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== FAILED_PRECONDITION) throw error;
  }
}

/** The gRPC code with which both services answer for a job that has ended. */
const FAILED_PRECONDITION = 9;
