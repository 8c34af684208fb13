import type { Input } from '@pulumi/pulumi';
import { Handler } from './components/handler.ts';
import type { PushTarget } from './components/push-subscription.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { declareServingAccounts } from './prod-accounts.ts';
import type { ServingSettings } from './settings.ts';

/** Declares the functions of the stages that deploy and monitor. */
export function declareServingHandlers(
  tenancy: Tenancy,
  accounts: ReturnType<typeof declareServingAccounts>,
  { evalPassed, deployed, park }: { evalPassed: Input<string>; deployed: Input<string>; park: PushTarget },
): Handler[] {
  const deploy = new Handler('deploy', {
    purpose: 'Deploys models that passed evaluation.',
    tenancy,
    account: accounts.deploy,
    wokenBy: { topic: evalPassed, park },
  });
  const monitor = new Handler('monitor', {
    purpose: 'Sets up the monitoring of deployed models.',
    tenancy,
    account: accounts.monitor,
    wokenBy: { topic: deployed, park },
  });
  return [deploy, monitor];
}

/** The full name of the endpoint, which the first deployment creates. */
export const endpointName = ({ project, region, endpoint }: ServingSettings) =>
  `projects/${project}/locations/${region}/endpoints/${endpoint}`;
