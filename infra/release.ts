import * as gcp from '@pulumi/gcp';
import * as pulumi from '@pulumi/pulumi';
import { Account } from './components/account.ts';
import { BuildTrigger } from './components/build-trigger.ts';
import { Grant, onBucket, onProject } from './components/grant.ts';
import { applyingRoles, BUILDING } from './release-roles.ts';
import type { NonprodSettings, ProdSettings } from './settings.ts';

/** What no predefined role has without much else: it looks the project's agents up. */
const PREVIEW_PERMISSIONS = ['logging.cmekSettings.get', 'resourcemanager.projects.get'];

/** Where releases come from, and where Pulumi keeps the stacks' state. */
interface Releases {
  repository: string;
  stateBucket: string;
}

/** A pull request gets what its merge would change as a check; a merge releases non-production. */
export function declareStaging(settings: NonprodSettings): void {
  const releases = configured(settings);
  if (!releases) return;
  const { stagingBranch, project, region } = settings;
  const common = { ...releases, project, region };
  new BuildTrigger('pull-request', {
    ...common,
    purpose: 'Tests what is proposed, and previews what it would change.',
    on: { proposalFor: stagingBranch },
    pipeline: 'cloudbuild/pull-request.yaml',
    substitutions: told(settings, releases),
    account: previewer(settings, releases),
  });
  new BuildTrigger('staging', {
    ...common,
    purpose: 'Tests and releases non-production, and starts the first run.',
    on: { mergeTo: stagingBranch },
    pipeline: 'cloudbuild/staging.yaml',
    substitutions: { ...told(settings, releases), ...repositoryOf(settings) },
    account: deployer(settings, releases),
  });
}

/** A merge releases production, once somebody has approved it. */
export function declareProduction(settings: ProdSettings): void {
  const releases = configured(settings);
  if (!releases) return;
  const { productionBranch, project, region } = settings;
  new BuildTrigger('production', {
    ...{ ...releases, project, region },
    purpose: 'Releases production, once somebody has approved the build.',
    on: { mergeTo: productionBranch },
    pipeline: 'cloudbuild/production.yaml',
    substitutions: { ...told(settings, releases), ...repositoryOf(settings) },
    account: deployer(settings, releases),
    approvalRequired: true,
  });
}

function configured({ repository, stateBucket }: NonprodSettings | ProdSettings): Releases | undefined {
  return repository && stateBucket ? { repository, stateBucket } : undefined;
}

const told = ({ environment }: NonprodSettings | ProdSettings, { stateBucket }: Releases) => ({
  _STACK: environment,
  _STATE: `gs://${stateBucket}`,
});

const repositoryOf = ({ project, region }: NonprodSettings | ProdSettings) => ({
  _IMAGES: `${region}-docker.pkg.dev/${project}/baton`,
});

/** Applies the stack, and may do whatever that takes. */
function deployer(settings: NonprodSettings | ProdSettings, { stateBucket }: Releases): Account {
  const { project, tenant, environment } = settings;
  const account = new Account('deployer', {
    project,
    purpose: `releases ${environment}`,
    grants: {
      project: [
        ...applyingRoles(tenant).map(({ role, why }) => ({ role, why })),
        ...BUILDING,
        {
          role: 'roles/iam.serviceAccountUser',
          why: 'has functions, schedules and builds run as their accounts',
        },
      ],
    },
  });
  readsState(account, stateBucket);
  const condition = onlyStateOf(environment, stateBucket);
  new Grant('deployer-state-storage.objectUser', {
    role: 'roles/storage.objectUser',
    why: `keeps the state of ${environment}`,
    member: account.member,
    on: onBucket(stateBucket, condition),
  });
  return account;
}

/** Previews the stack, and can change nothing: it runs what is only proposed. */
function previewer({ project }: NonprodSettings, { stateBucket }: Releases): Account {
  const account = new Account('preview', {
    project,
    purpose: 'previews what is proposed',
    grants: { project: BUILDING },
  });
  const role = new gcp.projects.IAMCustomRole('preview', {
    project,
    roleId: 'batonPreview',
    title: 'Baton: preview',
    description: 'Looks up what a preview has to know of the project.',
    permissions: PREVIEW_PERMISSIONS,
  });
  const named = { role: `projects/${project}/roles/batonPreview`, why: "looks up the project's agents" };
  new Grant(
    'preview-batonPreview',
    { ...named, member: account.member, on: onProject(project) },
    { dependsOn: role },
  );
  readsState(account, stateBucket);
  return account;
}

function readsState({ id, member }: Account, stateBucket: string): void {
  const role = 'roles/storage.objectViewer';
  const why = 'reads the state of the stacks, which refer to each other';
  new Grant(`${id}-state-storage.objectViewer`, { role, why, member, on: onBucket(stateBucket) });
}

/** The files that Pulumi keeps of one stack: the bucket has those of all, since stacks can't refer to other buckets. */
function onlyStateOf(stack: string, bucket: string) {
  const project = pulumi.getProject();
  const files = [
    `stacks/${project}/${stack}.json`,
    `history/${project}/${stack}/`,
    `backups/${project}/${stack}/`,
    `locks/organization/${project}/${stack}/`,
  ];
  const expression = files
    .map((file) => `resource.name.startsWith("projects/_/buckets/${bucket}/objects/.pulumi/${file}")`)
    .join(' || ');
  return { title: `state of ${stack}`, description: 'What Pulumi keeps of this stack.', expression };
}
