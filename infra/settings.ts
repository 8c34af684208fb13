import * as pulumi from '@pulumi/pulumi';
import { z } from 'zod';

const projectId = z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, 'expected a project id');
const projectNumber = z.string().regex(/^\d+$/, 'expected digits');
const positive = z.coerce.number().int().positive();
const fraction = z.coerce.number().min(0).max(1);
const thresholds = z.record(z.string(), z.number());

/** An optional value, which Pulumi.yaml declares with an empty default. */
const optional = <Schema extends z.ZodType<unknown, string>>(schema: Schema) =>
  z
    .literal('')
    .or(z.undefined())
    .or(schema)
    .transform((value) => value || undefined);

/** A value that Pulumi.yaml declares as a string of JSON: its declarations know no objects. */
const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: `expected JSON, found ${text}` });
        return z.NEVER;
      }
    })
    .pipe(schema);

const Common = z.object({
  project: projectId,
  region: z.string().min(1),
  projectNumber,
  model: z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and dashes'),
  kmsKey: optional(
    z
      .string()
      .regex(
        /^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/,
        'expected a key name',
      ),
  ),
  createKey: z.stringbool(),
  keyRing: z.string().regex(/^[\w-]{1,63}$/, 'expected letters, digits, underscores and dashes'),
  keyRotationDays: positive,
});

const Nonprod = Common.extend({
  tenant: z.literal('nonprod'),
  prodProject: optional(projectId),
  prodProjectNumber: optional(projectNumber),
  prodDeployer: optional(
    z.string().regex(/^(user|serviceAccount|group|principal):/, 'expected an IAM principal'),
  ),
  prodIdentitiesExist: z.stringbool(),
  dataset: z.string().regex(/^\w+$/, 'expected letters, digits and underscores'),
  dropTimeoutSeconds: positive,
  maxRejectedFraction: fraction,
  dataflowTemplate: optional(z.string().startsWith('gs://')),
  dataflowSubnetwork: optional(z.url()),
  trainImage: z.string().min(1),
  evaluateImage: z.string().min(1),
  trainParameters: json(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  trainMachineType: z.string().min(1),
  trainReplicas: positive,
  gate: json(thresholds),
}).refine((settings) => !settings.prodProject || settings.prodProjectNumber, {
  path: ['prodProjectNumber'],
  message: 'needed where prodProject is set',
});

const Prod = Common.extend({
  tenant: z.literal('prod'),
  nonprodStack: optional(z.string().regex(/^[^/]+\/[^/]+\/[^/]+$/, 'expected organization/project/stack')),
  serveImage: z.string().min(1),
  endpoint: z.string().regex(/^[a-z0-9-]+$/, 'expected lower-case letters, digits and dashes'),
  trafficSplit: z.coerce.number().int().min(1).max(100),
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
}).refine((settings) => settings.maxReplicas >= settings.minReplicas, {
  path: ['maxReplicas'],
  message: 'must be at least minReplicas',
});

const Settings = z.discriminatedUnion('tenant', [Nonprod, Prod]);

export type NonprodSettings = z.infer<typeof Nonprod> & { environment: string };
export type ProdSettings = z.infer<typeof Prod> & { environment: string };
export type Settings = NonprodSettings | ProdSettings;

const PROVIDER_KEYS = ['project', 'region'];
const KEYS = [...new Set([...Object.keys(Nonprod.shape), ...Object.keys(Prod.shape)])];

/**
 * Reads the stack's config, before any resource is declared.
 *
 * @throws pulumi.RunError that names each key that is missing or wrong
 */
export function readSettings(): Settings {
  const namespaceOf = (key: string) => (PROVIDER_KEYS.includes(key) ? 'gcp' : 'baton');
  const values = Object.fromEntries(KEYS.map((key) => [key, new pulumi.Config(namespaceOf(key)).get(key)]));
  const parsed = Settings.safeParse(values);
  if (parsed.success) return { ...parsed.data, environment: pulumi.getStack() };
  const problems = parsed.error.issues.map((issue) => {
    const [key, ...rest] = issue.path.map(String);
    const place = rest.length > 0 ? ` (${rest.join('.')})` : '';
    const problem = values[key] === undefined ? 'not set' : issue.message;
    return `  ${namespaceOf(key)}:${key}${place}: ${problem}`;
  });
  throw new pulumi.RunError(
    `the config of stack ${pulumi.getStack()} is wrong; correct it with \`pulumi config set <key> <value>\`:\n${problems.join('\n')}`,
  );
}
