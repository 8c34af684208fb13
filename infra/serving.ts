import type { Input } from '@pulumi/pulumi';
import type { EventName } from '../events/topics.ts';
import type { Account } from './components/account.ts';
import { Handler } from './components/handler.ts';
import type { PushTarget } from './components/push-subscription.ts';
import type { Tenancy } from './components/tenancy.ts';
import type { EventTopics } from './components/topics.ts';
import type { declareServingAccounts } from './prod-accounts.ts';
import type { ServingSettings } from './settings.ts';

/** Declares the functions of the stages from approval on, and of what else hears of deployments. */
export function declareServingHandlers(
  tenancy: Tenancy,
  accounts: ReturnType<typeof declareServingAccounts>,
  made: { settings: ServingSettings; evalPassed: Input<string>; topics: EventTopics; park: PushTarget },
): Handler[] {
  const { settings, evalPassed, topics, park } = made;
  const heard = (event: EventName) => ({ topic: topics.get(event)!.topic, park });
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
    wokenBy: heard('approved'),
  });
  const monitor = new Handler('monitor', {
    purpose: 'Sets up the monitoring of deployed models.',
    tenancy,
    account: accounts.monitor,
    wokenBy: heard('deployed'),
  });
  const rollout = new Handler('rollout', {
    purpose: 'Begins the rollout of deployed versions.',
    tenancy,
    account: accounts.rollout,
    wokenBy: heard('deployed'),
  });
  const rollback = new Handler('rollback', {
    purpose: 'Brings another version back when a person asks for it.',
    tenancy,
    account: accounts.rollback,
    wokenBy: heard('rollback-requested'),
  });
  const lineage = new Handler('lineage', {
    purpose: 'Records where deployed models come from.',
    tenancy,
    account: accounts.lineage,
    wokenBy: heard('deployed'),
  });
  const decide = declareDecide(tenancy, accounts.decide, settings);
  return [approve, decide, deploy, monitor, rollout, rollback, lineage];
}

/** The function that people call. They may call it and nothing else, and it holds them to its own lists too. */
function declareDecide(
  tenancy: Tenancy,
  account: Account,
  { approval, operators }: ServingSettings,
): Handler {
  const decide = new Handler('decide', {
    purpose: 'Takes down what people decide.',
    tenancy,
    account,
    calledFromElsewhere: true,
  });
  const may = new Map([
    ...operators.map((member) => [member, 'decides on what serves'] as const),
    ...approval.approvers.map((member) => [member, 'decides on promotions'] as const),
  ]);
  for (const [member, why] of may) decide.grantInvoker(member.replace(':', '-'), { member }, why);
  return decide;
}

/** The full name of the endpoint, which the first deployment creates. */
export const endpointName = ({ project, region, endpoint }: ServingSettings) =>
  `projects/${project}/locations/${region}/endpoints/${endpoint}`;
