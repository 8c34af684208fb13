import { join } from 'node:path';
import type { CheckKey, KeyUse } from '../boundaries.ts';
import { StatusError } from '../status.ts';
import { type EncryptingService, encryptingAgents } from './encrypting-agents.ts';
import { KeyVersions } from './key-versions.ts';

const ENCRYPTER = 'roles/cloudkms.cryptoKeyEncrypterDecrypter';
const PERMISSION = 'cloudkms.cryptoKeyVersions.useToEncrypt';
const KEY = /^(projects\/[^/]+\/locations\/([^/]+)\/keyRings\/[^/]+)\/cryptoKeys\/[^/]+$/;
const ONE_DAY_SECONDS = 24 * 3600;

/** A key as a program declares it; its name is `projects/P/locations/L/keyRings/R/cryptoKeys/K`. */
export interface KeyDeclaration {
  name: string;
  purpose?: string;
  /** Seconds, such as `7776000s`. */
  rotationPeriod?: string;
}

/** Something that a service is about to create under a key, or to read. */
export type ServiceKeyUse = KeyUse & { service: EncryptingService };

/**
 * Cloud KMS as the other services meet it: which keys there are, who may encrypt with each, and in which projects
 * nothing is created without a key, as the constraint gcp.restrictNonCmekServices of an organization has it.
 */
export class KeyManagement {
  readonly versions: KeyVersions;
  readonly #projectNumber: (project: string) => string;
  readonly #rings = new Set<string>();
  readonly #keys = new Set<string>();
  /** Members by key. */
  readonly #encrypters = new Map<string, Set<string>>();
  readonly #restricted = new Set<string>();
  readonly #onUse: ((use: ServiceKeyUse) => void) | undefined;

  constructor(options: {
    projectNumber: (project: string) => string;
    /** Told of each use of a key before it is checked. */
    onUse?: ((use: ServiceKeyUse) => void) | undefined;
    /** Where what was done to versions of keys is kept, in a folder of its own. */
    stateDir?: string;
  }) {
    this.versions = new KeyVersions(options.stateDir && join(options.stateDir, 'kms/versions.json'));
    this.#projectNumber = options.projectNumber;
    this.#onUse = options.onUse;
  }

  /** From now on, everything that can carry a key needs one in the project. */
  requireKeys(project: string): void {
    this.#restricted.add(project);
  }

  /** @param name `projects/P/locations/L/keyRings/R` */
  declareKeyRing(name: string): void {
    this.#rings.add(name);
  }

  /** Throws NOT_FOUND for an unknown ring, INVALID_ARGUMENT for a key that can't encrypt or rotates too often. */
  declareKey({ name, purpose = 'ENCRYPT_DECRYPT', rotationPeriod }: KeyDeclaration): void {
    const [, ring] = KEY.exec(name) ?? [];
    if (!ring) throw new StatusError('INVALID_ARGUMENT', `"${name}" is not the name of a CryptoKey.`);
    if (!this.#rings.has(ring)) throw new StatusError('NOT_FOUND', `KeyRing ${ring} not found.`);
    if (purpose !== 'ENCRYPT_DECRYPT') {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The purpose of ${name} is ${purpose}; only ENCRYPT_DECRYPT encrypts.`,
      );
    }
    if (rotationPeriod !== undefined && !(Number.parseFloat(rotationPeriod) >= ONE_DAY_SECONDS)) {
      throw new StatusError(
        'INVALID_ARGUMENT',
        `The rotation_period of ${name} must be at least ${ONE_DAY_SECONDS}s, got ${rotationPeriod}.`,
      );
    }
    this.#keys.add(name);
  }

  /** Grants a role on a key. A key of a ring that nobody declared here is one of another program's. */
  grant(key: string, role: string, member: string): void {
    const ring = KEY.exec(key)?.[1];
    if (!ring || (this.#rings.has(ring) && !this.#keys.has(key))) {
      throw new StatusError('NOT_FOUND', `CryptoKey ${key} not found.`);
    }
    if (role !== ENCRYPTER) return;
    this.#encrypters.set(key, (this.#encrypters.get(key) ?? new Set()).add(member));
  }

  /** What a service asks before it creates anything, or reads what it has encrypted. */
  checkerOf(service: EncryptingService): CheckKey {
    return (use) => this.check(service, use);
  }

  /**
   * Answers the version of the key that is used: the named one, or else the primary one. Throws FAILED_PRECONDITION
   * when no key is given where one is required, or when that version is disabled; PERMISSION_DENIED when the key lies
   * in another location than the resource, or when one of the service's agents may not encrypt with it.
   */
  check(service: EncryptingService, { kmsKeyName, project, resource, location }: KeyUse): string | undefined {
    if (!kmsKeyName) {
      if (this.#restricted.has(project)) throw withoutKey(service, project, resource);
      return undefined;
    }
    this.#onUse?.({ service, kmsKeyName, project, resource, location });
    // An object names the version of the key that encrypted it.
    const key = kmsKeyName.replace(/\/cryptoKeyVersions\/\d+$/, '');
    const keyLocation = KEY.exec(key)?.[2];
    const agents = encryptingAgents(service, this.#projectNumber(project));
    if (keyLocation && location && keyLocation !== location.toLowerCase()) {
      throw new StatusError(
        'PERMISSION_DENIED',
        `${agents[0]} can't use the key ${key} of location ${keyLocation} for ${resource}, which is in ${location.toLowerCase()}: the key must be in the location of what it encrypts.`,
      );
    }
    for (const agent of agents) {
      if (!this.#encrypters.get(key)?.has(`serviceAccount:${agent}`)) throw denied(agent, key, resource);
    }
    const version = key === kmsKeyName ? this.versions.primaryOf(key) : kmsKeyName;
    this.versions.requireEnabled(version);
    return version;
  }
}

function withoutKey(service: EncryptingService, project: string, resource: string): StatusError {
  const constraint = 'constraints/gcp.restrictNonCmekServices';
  return new StatusError(
    'FAILED_PRECONDITION',
    `Constraint \`${constraint}\` violated for \`projects/${project}\` attempting to create \`${resource}\` without specifying a KMS CryptoKey. Provide a KMS CryptoKey to use for this resource.`,
    {
      errorInfo: {
        reason: 'ORG_POLICY_VIOLATION',
        domain: 'googleapis.com',
        metadata: { service, consumer: `projects/${project}`, constraint },
      },
    },
  );
}

function denied(agent: string, key: string, resource: string): StatusError {
  return new StatusError(
    'PERMISSION_DENIED',
    `The service account ${agent} can't encrypt ${resource}: Permission '${PERMISSION}' denied on resource '${key}' (or it may not exist). Grant it the role ${ENCRYPTER} on the key.`,
    {
      errorInfo: {
        reason: 'IAM_PERMISSION_DENIED',
        domain: 'iam.googleapis.com',
        metadata: { permission: PERMISSION, resource: key },
      },
    },
  );
}
