import { existsSync } from 'node:fs';
import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';
import { ApprovalPolicy, Member } from '../events/approval.ts';
import { ChampionMargin } from '../events/champion.ts';
import { GatePolicy } from '../events/gate.ts';
import { json } from '../events/json-text.ts';
import { RolloutPlan } from '../events/rollout-plan.ts';
import { inRepository } from './components/content-hash.ts';
import {
  cron,
  fraction,
  keyName,
  modelId,
  optional,
  positive,
  principal,
  projectId,
  projectNumber,
  subnetworkUrl,
  thresholds,
} from './setting-values.ts';

/** What every stack is told. */
const common = {
  project: projectId,
  region: z.string().min(1),
  projectNumber,
  model: modelId,
  kmsKey: optional(keyName),
  createKey: z.stringbool(),
  keyRing: z.string().regex(/^[\w-]{1,63}$/, 'expected letters, digits, underscores and dashes'),
  keyRotationDays: positive,
  leaseSeconds: positive,
  redeliverySeconds: positive.max(600),
  deliveryAttempts: positive.min(5).max(100),
  requestConcurrency: positive.max(1000),
  protect: z.stringbool(),
  settleSchedule: cron,
  alertEmails: json(z.array(z.email())),
  alertThresholds: json(z.strictObject({ unackedSeconds: positive, stageSeconds: positive })),
  runbookUrl: optional(z.url()),
  commit: optional(z.string().regex(/^[0-9a-f]{7,40}$/, 'expected a git commit')),
  functionBundles: optional(
    z.string().refine((folder) => existsSync(inRepository(folder)), {
      error: ({ input }) => `there is no folder ${input}; \`npm run bundle\` makes the functions' bundles`,
    }),
  ),
};

/** What the project is told that trains and evaluates. */
const training = {
  dataset: z.string().regex(/^\w+$/, 'expected letters, digits and underscores'),
  dropTimeoutSeconds: positive,
  maxRejectedFraction: fraction,
  dataflowTemplate: optional(z.string().startsWith('gs://')),
  subnetwork: optional(subnetworkUrl),
  createNetwork: z.stringbool(),
  networkRange: z.cidrv4('expected an IPv4 range such as 10.20.0.0/24'),
  trainImage: optional(z.string()),
  evaluateImage: optional(z.string()),
  trainParameters: json(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  trainMachineType: z.string().min(1),
  trainReplicas: positive,
  gate: json(GatePolicy),
  retraining: z.enum(['off', 'notify', 'retrain']),
  runSchedule: optional(cron),
  composerAccount: optional(principal),
};

/** What the project is told that approves, deploys and monitors. */
const serving = {
  evaluateImage: optional(z.string()),
  championMachineType: z.string().min(1),
  championMargin: json(ChampionMargin),
  approval: json(ApprovalPolicy),
  operators: json(z.array(Member)),
  serveImage: optional(z.string()),
  endpoint: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case letters, digits and dashes'),
  rollout: json(RolloutPlan),
  serveMachineType: z.string().min(1),
  minReplicas: positive,
  maxReplicas: positive,
  monitor: json(
    z.strictObject({
      skew: thresholds,
      drift: thresholds,
      samplingRate: z.number().gt(0).max(1),
      intervalSeconds: z.number().int().min(3600),
      emails: z.array(z.email()),
    }),
  ),
  labelColumn: z.string().min(1),
};

/** What a tenant is told that merges release. */
const releases = {
  repository: optional(
    z
      .string()
      .regex(
        /^projects\/[^/]+\/locations\/[^/]+\/connections\/[^/]+\/gitRepositoryLinks\/[^/]+$/,
        'expected projects/P/locations/L/connections/C/gitRepositoryLinks/R',
      ),
  ),
  stateBucket: optional(
    z.string().regex(/^[a-z0-9][a-z0-9._-]+$/, "expected a bucket's name, without gs://"),
  ),
};
const branch = z.string().regex(/^[\w./-]+$/, "expected a branch's name");

const Nonprod = z.object({
  tenant: z.literal('nonprod'),
  ...common,
  ...training,
  ...releases,
  stagingBranch: branch,
  prodProject: optional(projectId),
  prodProjectNumber: optional(projectNumber),
  prodDeployer: optional(principal),
  prodIdentitiesExist: z.stringbool(),
});

const Prod = z.object({
  tenant: z.literal('prod'),
  ...common,
  ...serving,
  ...releases,
  productionBranch: branch,
  nonprodStack: optional(z.string().regex(/^[^/]+\/[^/]+\/[^/]+$/, 'expected organization/project/stack')),
});

const Dev = z.object({
  tenant: z.literal('dev'),
  ...common,
  ...training,
  ...serving,
  notebook: z.stringbool(),
  notebookZone: z.string().min(1),
  notebookMachineType: z.string().min(1),
  notebookOwner: optional(z.email()),
});

const Settings = z.discriminatedUnion('tenant', [Nonprod, Prod, Dev]).superRefine((settings, context) => {
  const wrong = (key: string, message: string) =>
    context.addIssue({ code: 'custom', path: [key], message, input: settings });
  if (settings.kmsKey && settings.kmsKey.split('/')[3] !== settings.region) {
    wrong('kmsKey', `must be in ${settings.region}, where everything is that it encrypts`);
  }
  if (settings.tenant !== 'prod' && settings.subnetwork) {
    if (settings.createNetwork) wrong('createNetwork', 'must be false where subnetwork is set');
    if (!settings.subnetwork.includes(`/regions/${settings.region}/`)) {
      wrong('subnetwork', `must be in ${settings.region}, where the workers are`);
    }
  }
  if ('approval' in settings) {
    const { required, approvers } = settings.approval;
    if (required && approvers.length === 0) wrong('approval', 'needs approvers where it is required');
    const groupsOf = (members: string[]) => members.filter((member) => member.startsWith('group:'));
    const [ofOperators, ofApprovers] = [groupsOf(settings.operators), groupsOf(approvers)];
    const odd = [
      ...ofOperators.filter((group) => !ofApprovers.includes(group)),
      ...ofApprovers.filter((group) => !ofOperators.includes(group)),
    ];
    if (ofOperators.length > 0 && ofApprovers.length > 0 && odd.length > 0) {
      wrong(
        'operators',
        `must have the groups that approvers has, where both have groups: of which one a caller is can't be told (${odd.join(', ')})`,
      );
    }
  }
  if ('maxReplicas' in settings && settings.maxReplicas < settings.minReplicas) {
    wrong('maxReplicas', 'must be at least minReplicas');
  }
  if (settings.tenant === 'nonprod' && settings.prodProject && !settings.prodProjectNumber) {
    wrong('prodProjectNumber', 'needed where prodProject is set');
  }
  if (settings.tenant !== 'dev' && settings.repository) {
    if (!settings.stateBucket) wrong('stateBucket', 'needed where repository is set');
    if (settings.repository.split('/')[3] !== settings.region) {
      wrong('repository', `must be connected in ${settings.region}, where its builds run`);
    }
  }
  if (settings.tenant !== 'dev' || !settings.notebook) return;
  if (!settings.notebookZone.startsWith(`${settings.region}-`)) {
    wrong('notebookZone', `must be a zone of ${settings.region}`);
  }
  if (!settings.subnetwork && !settings.createNetwork) {
    wrong('notebook', 'needs createNetwork or a subnetwork, since it has no public address');
  }
});

/** The name of the stack, beside what its config says. */
type Stack<Config> = Config & { environment: string };
export type NonprodSettings = Stack<z.infer<typeof Nonprod>>;
export type ProdSettings = Stack<z.infer<typeof Prod>>;
export type DevSettings = Stack<z.infer<typeof Dev>>;
export type Settings = NonprodSettings | ProdSettings | DevSettings;
/** The settings of a project in which models are trained. */
export type TrainingSettings = NonprodSettings | DevSettings;
/** The settings of a project in which models are served. */
export type ServingSettings = ProdSettings | DevSettings;

const PROVIDER_KEYS = ['project', 'region'];
const KEYS = [...new Set([Nonprod, Prod, Dev].flatMap(({ shape }) => Object.keys(shape)))];

/** `gcp:project`, `baton:model` … */
const qualified = (key: string) => `${PROVIDER_KEYS.includes(key) ? 'gcp' : 'baton'}:${key}`;

/** Every config value that the program reads. */
export const CONFIG_KEYS = KEYS.map(qualified);

/**
 * Reads the stack's config, before any resource is declared.
 *
 * @throws pulumi.RunError that names each key that is missing or wrong
 */
export function readSettings(): Settings {
  const configOf = (key: string) => {
    const [namespace, name] = key.split(':');
    return new pulumi.Config(namespace).get(name);
  };
  return parseSettings(pulumi.getStack(), configOf);
}

/** As `readSettings`, of a stack whose values are given by their full keys. */
export function parseSettings(stack: string, configOf: (key: string) => string | undefined): Settings {
  const values = Object.fromEntries(KEYS.map((key) => [key, configOf(qualified(key))]));
  const parsed = Settings.safeParse(values);
  if (parsed.success) return { ...parsed.data, environment: stack };
  const problems = parsed.error.issues.map((issue) => {
    const [key, ...rest] = issue.path.map(String);
    const place = rest.length > 0 ? ` (${rest.join('.')})` : '';
    const problem = values[key] === undefined ? 'not set' : issue.message;
    return `  ${qualified(key)}${place}: ${problem}`;
  });
  throw new pulumi.RunError(
    `the config of stack ${stack} is wrong; correct it with \`pulumi config set <key> <value>\`:\n${problems.join('\n')}`,
  );
}
