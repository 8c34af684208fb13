import type { Input } from '@pulumi/pulumi';
import { Handler } from './components/handler.ts';
import type { PushTarget } from './components/push-subscription.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { EventTopics } from './components/topics.ts';
import type { declareServingAccounts } from './prod-accounts.ts';
import type { ServingSettings } from './settings.ts';

/** Declares the functions of the stages from approval on. */
export function declareServingHandlers(
  tenancy: Tenancy,
  accounts: ReturnType<typeof declareServingAccounts>,
  { evalPassed, topics, park }: { evalPassed: Input<string>; topics: EventTopics; park: PushTarget },
): Handler[] {
  const approve = new Handler('approve', {
    purpose: 'Decides whether production takes models that passed evaluation.',
    tenancy,
    account: accounts.approve,
    wokenBy: { topic: evalPassed, park },
  });
  const deploy = new Handler('deploy', {
    purpose: 'Deploys models that were approved.',
    tenancy,
    account: accounts.deploy,
    wokenBy: { topic: topics.get('approved')!.topic, park },
  });
  const monitor = new Handler('monitor', {
    purpose: 'Sets up the monitoring of deployed models.',
    tenancy,
    account: accounts.monitor,
    wokenBy: { topic: topics.get('deployed')!.topic, park },
  });
  return [approve, deploy, monitor];
}

/** The full name of the endpoint, which the first deployment creates. */
export const endpointName = ({ project, region, endpoint }: ServingSettings) =>
  `projects/${project}/locations/${region}/endpoints/${endpoint}`;
