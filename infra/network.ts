import type { Input } from '@pulumi/pulumi';
import type { Account } from './components/account.ts';
import { Grant, onSubnetwork } from './components/grant.ts';
import type { ServiceAgents } from './components/service-agents.ts';
import { WorkerNetwork } from './components/worker-network.ts';
import type { TrainingSettings } from './settings.ts';

/**
 * Declares where Dataflow's workers are.
 *
 * @returns the URL of the subnetwork that is given or made; none for the project's network named `default`
 */
export function declareNetwork(
  { project, region, subnetwork, createNetwork, networkRange }: TrainingSettings,
  { agents, worker }: { agents: ServiceAgents; worker: Account },
): Input<string> | undefined {
  if (createNetwork) {
    return new WorkerNetwork('workers', { project, region, range: networkRange, worker: worker.email })
      .subnetwork;
  }
  if (subnetwork) shareSubnetwork(subnetwork, project, agents);
  return subnetwork;
}

/** A Shared VPC's subnetwork is another project's, where Dataflow's agent may not put machines unasked. */
function shareSubnetwork(url: string, project: string, agents: ServiceAgents): void {
  const [, host, region, name] = /projects\/([^/]+)\/regions\/([^/]+)\/subnetworks\/([^/]+)$/.exec(url) ?? [];
  if (host === project) return;
  new Grant('dataflow-agent-workers-compute.networkUser', {
    role: 'roles/compute.networkUser',
    why: "puts Dataflow's workers into the subnetwork of another project",
    member: agents.member('dataflow'),
    on: onSubnetwork({ project: host, region }, name),
  });
}
