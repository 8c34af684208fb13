import { z } from 'zod';
import type { RealisableCloud } from './cloud.ts';
import { type DeclaredResource, read } from './declared.ts';

const Handler = z.object({
  serviceConfig: z.object({ uri: z.string(), service: z.string(), serviceAccountEmail: z.string() }),
});
const Key = z.object({
  purpose: z.string().default('ENCRYPT_DECRYPT'),
  rotationPeriod: z.string().optional(),
});
const Account = z.object({ email: z.string(), displayName: z.string().optional() });
const Api = z.object({ project: z.string(), service: z.string() });

/** Tells the control planes of a resource that people ask them about, as its REST API would answer it. */
export function describeResource(resource: DeclaredResource, { controlPlane, keys }: RealisableCloud): void {
  const { type, id } = resource;
  if (type === 'gcp:projects/service:Service') {
    const { project, service } = read(resource, Api);
    controlPlane.enable(project, service);
  } else if (type === 'gcp:cloudfunctionsv2/function:Function') {
    const { serviceConfig } = read(resource, Handler, 'outputs');
    const description = { name: id, state: 'ACTIVE', environment: 'GEN_2', serviceConfig };
    controlPlane.declare('cloudfunctions.googleapis.com', id, description);
  } else if (type === 'gcp:kms/cryptoKey:CryptoKey') {
    const name = keys.versions.primaryOf(id);
    const primary = { name, state: keys.versions.stateOf(name) };
    controlPlane.declare('cloudkms.googleapis.com', id, { name: id, ...read(resource, Key), primary });
  } else if (type === 'gcp:serviceaccount/account:Account') {
    controlPlane.declare('iam.googleapis.com', id, { name: id, ...read(resource, Account, 'outputs') });
  }
}
