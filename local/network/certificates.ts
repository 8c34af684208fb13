import 'reflect-metadata';

import { webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 24 * 60 * 60 * 1000;
const VALID_DAYS = 365;
const RENEW_DAYS_BEFORE = 30;

/**
 * The local certificate authority. Its certificate is what processes are told to trust; the certificates of the
 * hosts that stand in for Google's are issued as hosts are first asked for, and live in memory.
 */
export class CertificateAuthority {
  /** The authority's certificate as a PEM file, for environment variables that want a path. */
  readonly file: string;
  readonly pem: string;
  readonly #certificate: x509.X509Certificate;
  readonly #key: webcrypto.CryptoKey;
  readonly #contexts = new Map<string, Promise<SecureContext>>();

  private constructor(file: string, pem: string, key: webcrypto.CryptoKey) {
    this.file = file;
    this.pem = pem;
    this.#certificate = new x509.X509Certificate(pem);
    this.#key = key;
  }

  /** Reads the authority kept in a folder, or makes one where there is none that lasts another month. */
  static async open(folder: string): Promise<CertificateAuthority> {
    const file = join(folder, 'ca.pem');
    const keyFile = join(folder, 'ca.key');
    if (!existsSync(file) || !existsSync(keyFile) || expiresSoon(readFileSync(file, 'utf8'))) {
      await createAuthority(folder, file, keyFile);
    }
    return new CertificateAuthority(file, readFileSync(file, 'utf8'), await readKey(keyFile));
  }

  /** What a TLS server needs to answer as the host. */
  secureContext(host: string): Promise<SecureContext> {
    let context = this.#contexts.get(host);
    if (!context) {
      context = this.#issue(host).then(createSecureContext);
      this.#contexts.set(host, context);
    }
    return context;
  }

  async #issue(host: string): Promise<{ key: string; cert: string }> {
    const keys = await generateKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [host.slice(0, 64)] }],
      issuer: this.#certificate.subject,
      ...validity(),
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.SubjectAlternativeNameExtension([{ type: isIP(host) ? 'ip' : 'dns', value: host }]),
        new x509.BasicConstraintsExtension(false),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#certificate),
      ],
    });
    return { key: await privateKeyPem(keys), cert: certificate.toString('pem') };
  }
}

async function createAuthority(folder: string, file: string, keyFile: string): Promise<void> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['Baton local cloud'] }],
    ...validity(),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(keyFile, await privateKeyPem(keys), { mode: 0o600 });
  writeFileSync(file, certificate.toString('pem'));
}

function expiresSoon(pem: string): boolean {
  return new x509.X509Certificate(pem).notAfter.getTime() < Date.now() + RENEW_DAYS_BEFORE * DAY;
}

/** From yesterday, for machines whose clocks disagree a little. */
function validity(): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + VALID_DAYS * DAY) };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return x509.PemConverter.encode(der, 'PRIVATE KEY');
}

async function readKey(keyFile: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(readFileSync(keyFile, 'utf8'));
  return webcrypto.subtle.importKey('pkcs8', der!, ALGORITHM, false, ['sign']);
}
