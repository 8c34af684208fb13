import { z } from 'zod';
import type { Declaration } from './declaration.ts';
import { DEPLOY_AGAIN, examine, type Finding, failure } from './finding.ts';
import type { Google } from './google.ts';

const Key = z.object({ primary: z.object({ state: z.string() }).optional() });

/** Whether each key that something is encrypted under can encrypt. */
export function examineKeys(declaration: Declaration, google: Google): Promise<Finding[]> {
  const members = declaration.ofType('gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember');
  const keys = [...new Set(members.map(({ inputs }) => String(inputs.cryptoKeyId)))];
  return Promise.all(
    keys.map((name) =>
      examine('key', name, async () => {
        const { primary } = await google.call(`https://cloudkms.googleapis.com/v1/${name}`, Key);
        if (primary?.state === 'ENABLED') return undefined;
        return failure(
          `its primary version is ${primary?.state ?? 'missing'}`,
          'Enable the version, or rotate the key: gcloud kms keys versions enable.',
        );
      }),
    ),
  );
}

const ServiceAccount = z.object({ disabled: z.boolean().default(false) });

/** Whether each service account is there and enabled. */
export function examineAccounts(declaration: Declaration, google: Google): Promise<Finding[]> {
  return Promise.all(
    declaration.ofType('gcp:serviceaccount/account:Account').map(({ id, outputs }) =>
      examine('service account', String(outputs.email), async () => {
        const { disabled } = await google.call(`https://iam.googleapis.com/v1/${id}`, ServiceAccount);
        if (!disabled) return undefined;
        return failure('disabled', `gcloud iam service-accounts enable ${outputs.email}`);
      }),
    ),
  );
}

const CloudFunction = z.object({
  state: z.string(),
  serviceConfig: z.object({ uri: z.string(), serviceAccountEmail: z.string() }),
});

/** Whether each function is there, active, and runs as its own account; and their addresses by what is declared. */
export async function examineFunctions(
  declaration: Declaration,
  google: Google,
): Promise<{ findings: Finding[]; addresses: Map<string, string> }> {
  const addresses = new Map<string, string>();
  const findings = await Promise.all(
    declaration.ofType('gcp:cloudfunctionsv2/function:Function').map(({ id, outputs }) =>
      examine('function', id, async () => {
        const declared = outputs.serviceConfig as { uri: string; serviceAccountEmail: string };
        const url = `https://cloudfunctions.googleapis.com/v2/${id}`;
        const { state, serviceConfig } = await google.call(url, CloudFunction);
        addresses.set(declared.uri, serviceConfig.uri);
        if (state !== 'ACTIVE')
          return failure(`its state is ${state}`, "Read the build's log, deploy again.");
        if (serviceConfig.serviceAccountEmail === declared.serviceAccountEmail) return undefined;
        return failure(`it runs as ${serviceConfig.serviceAccountEmail}`, DEPLOY_AGAIN);
      }),
    ),
  );
  return { findings, addresses };
}
