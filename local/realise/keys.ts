import { z } from 'zod';
import type { KeyUse } from '../boundaries.ts';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const KEY_MEMBER = 'gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember';

/** Types that have no service of their own here that would ask for their key, and who encrypts them. */
const ENCRYPTED_BY: Record<string, Parameters<RealisableCloud['keys']['check']>[0]> = {
  'gcp:artifactregistry/repository:Repository': 'artifactregistry.googleapis.com',
  'gcp:cloudfunctionsv2/function:Function': 'cloudfunctions.googleapis.com',
  'gcp:eventarc/googleChannelConfig:GoogleChannelConfig': 'eventarc.googleapis.com',
  'gcp:logging/projectBucketConfig:ProjectBucketConfig': 'logging.googleapis.com',
  'gcp:vertex/aiTensorboard:AiTensorboard': 'aiplatform.googleapis.com',
};

const Key = z.object({ kmsKeyName: z.string() });
const Carrier = z.object({
  project: z.string(),
  location: z.string().optional(),
  region: z.string().optional(),
  kmsKeyName: z.string().optional(),
  cryptoKeyName: z.string().optional(),
  encryptionSpec: Key.optional(),
  cmekSettings: Key.optional(),
});

/**
 * Has the key of a declared resource checked, as its service would at its creation.
 *
 * @throws StatusError when the key is missing, is elsewhere, or may not be used by the service's agents
 */
export function checkDeclaredKey(resource: DeclaredResource, { keys }: RealisableCloud): void {
  const service = ENCRYPTED_BY[resource.type];
  if (service) keys.check(service, keyUse(resource));
}

function keyUse(resource: DeclaredResource): KeyUse {
  const carrier = read(resource, Carrier);
  const { project, location, region, kmsKeyName, cryptoKeyName, encryptionSpec, cmekSettings } = carrier;
  return {
    project,
    resource: resource.id,
    location: location ?? region,
    kmsKeyName: kmsKeyName ?? cryptoKeyName ?? (encryptionSpec ?? cmekSettings)?.kmsKeyName,
  };
}

const KeyRing = z.object({ project: z.string(), location: z.string(), name: z.string() });
const CryptoKey = z.object({ purpose: z.string().optional(), rotationPeriod: z.string().optional() });
const Member = z.object({ cryptoKeyId: z.string(), role: z.string(), member: z.string() });

export function realiseKeyRing(resource: DeclaredResource, { keys }: RealisableCloud): void {
  const { project, location, name } = read(resource, KeyRing);
  keys.declareKeyRing(`projects/${project}/locations/${location}/keyRings/${name}`);
}

export function realiseKey(resource: DeclaredResource, { keys }: RealisableCloud): void {
  keys.declareKey({ name: resource.id, ...read(resource, CryptoKey) });
}

export function realiseKeyMember(resource: DeclaredResource, { keys }: RealisableCloud): void {
  if (resource.type !== KEY_MEMBER) return;
  const { cryptoKeyId, role, member } = read(resource, Member);
  keys.grant(cryptoKeyId, role, member);
}

/** A grant on what is another project's makes nothing there. */
const IAM_MEMBER = /IamMember$/i;

/**
 * The projects where nothing is created without a key: those of the stacks that have one. The key itself may be
 * in a project of its own, to which that doesn't apply.
 */
export function projectsWithKeys(resources: DeclaredResource[]): Set<string> {
  const stacks = new Set(resources.filter(({ type }) => type === KEY_MEMBER).map(({ stack }) => stack));
  const projects = resources
    .filter(({ stack, type }) => stacks.has(stack) && !type.startsWith('gcp:kms/') && !IAM_MEMBER.test(type))
    .map(({ inputs }) => inputs.project);
  return new Set(projects.filter((project) => typeof project === 'string'));
}
