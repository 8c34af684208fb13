import { randomBytes, type webcrypto } from 'node:crypto';
import { generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import type { Caller } from '../boundaries.ts';
import { StatusError } from '../status.ts';

const LIFETIME_SECONDS = 3600;
/** A token with less left than this is not handed out again. */
const RENEW_SECONDS = 300;
const ISSUER = 'https://accounts.google.com';

export interface AccessToken {
  token: string;
  expiresInSeconds: number;
}

/** Who an identity token was made for, and who holds it. */
export interface IdentityClaims {
  audience: string;
  email: string;
}

interface Grant extends Caller {
  token: string;
  expires: number;
}

/** Issues the local cloud's tokens and reads them back. They are good as long as this process lives. */
export class Tokens {
  readonly #grants = new Map<string, Grant>();
  readonly #current = new Map<string, Grant>();
  readonly #identities = new Map<string, { token: string; renewAt: number }>();
  /** Tokens whose signature was found good, by their text, with what they claim. */
  readonly #verified = new Map<string, JWTPayload>();
  #signingKeys: Promise<{ publicKey: webcrypto.CryptoKey; privateKey: webcrypto.CryptoKey }> | undefined;

  /** An opaque OAuth access token that names the caller; the same one until five minutes before it expires. */
  accessToken(caller: Caller): AccessToken {
    const key = `${caller.principal} ${caller.project}`;
    let grant = this.#current.get(key);
    if (!grant || secondsLeft(grant) < RENEW_SECONDS) {
      this.#forgetExpired();
      grant = {
        ...caller,
        token: `ya29.local-${randomBytes(24).toString('base64url')}`,
        expires: Date.now() + LIFETIME_SECONDS * 1000,
      };
      this.#current.set(key, grant);
      this.#grants.set(grant.token, grant);
    }
    return { token: grant.token, expiresInSeconds: Math.floor(secondsLeft(grant)) };
  }

  /** Who an `Authorization` header names. Throws UNAUTHENTICATED when it names nobody. */
  authenticate(authorization: string | undefined): Caller {
    if (!authorization) {
      throw new StatusError(
        'UNAUTHENTICATED',
        'Request is missing required authentication credential. Expected OAuth 2 access token.',
        { reason: 'CREDENTIALS_MISSING' },
      );
    }
    const grant = this.#grants.get(authorization.replace(/^Bearer /i, ''));
    if (!grant || secondsLeft(grant) <= 0) {
      throw new StatusError(
        'UNAUTHENTICATED',
        'Request had invalid authentication credentials: the access token is unknown to this local cloud or has expired.',
        { reason: 'ACCESS_TOKEN_INVALID' },
      );
    }
    return { principal: grant.principal, project: grant.project };
  }

  /**
   * An OpenID Connect token as Google signs them for service accounts: RS256, good for an hour; the same one until
   * five minutes before it expires.
   */
  async identityToken({ audience, email }: IdentityClaims): Promise<string> {
    const key = `${email} ${audience}`;
    const current = this.#identities.get(key);
    if (current && Date.now() < current.renewAt) return current.token;
    const renewAt = Date.now() + (LIFETIME_SECONDS - RENEW_SECONDS) * 1000;
    const token = await this.#sign({ audience, email });
    this.#identities.set(key, { token, renewAt });
    return token;
  }

  async #sign({ audience, email }: IdentityClaims): Promise<string> {
    const { privateKey } = await this.#keys();
    return new SignJWT({ email, email_verified: true, azp: email })
      .setProtectedHeader({ alg: 'RS256', kid: 'local', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setSubject(email)
      .setIssuedAt()
      .setExpirationTime(`${LIFETIME_SECONDS}s`)
      .sign(privateKey);
  }

  /**
   * Checks an identity token, with or without `Bearer `. Throws UNAUTHENTICATED when its signature, issuer or
   * expiry is wrong, or its audience is none of those given.
   */
  async verifyIdentityToken(token: string, audiences: string[]): Promise<IdentityClaims> {
    try {
      const claims = await this.#verify(token.replace(/^Bearer /i, ''));
      if (!audiences.includes(String(claims.aud))) throw new Error('unexpected "aud" claim value');
      return { audience: String(claims.aud), email: String(claims.email) };
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new StatusError('UNAUTHENTICATED', `The identity token is not valid here: ${cause}.`);
    }
  }

  /** A sender shows the same token for most of an hour, and the signature is the costly part. */
  async #verify(token: string): Promise<JWTPayload> {
    const known = this.#verified.get(token);
    if (known && Date.now() / 1000 < Number(known.exp)) return known;
    const { publicKey } = await this.#keys();
    this.#verified.delete(token);
    const { payload } = await jwtVerify(token, publicKey, { issuer: ISSUER });
    this.#verified.set(token, payload);
    return payload;
  }

  #keys() {
    this.#signingKeys ??= generateKeyPair('RS256');
    return this.#signingKeys;
  }

  #forgetExpired(): void {
    for (const grant of this.#grants.values()) {
      if (secondsLeft(grant) <= 0) this.#grants.delete(grant.token);
    }
  }
}

function secondsLeft(grant: Grant): number {
  return (grant.expires - Date.now()) / 1000;
}
