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
    const { publicKey } = await this.#keys();
    let claims: JWTPayload;
    try {
      const bare = token.replace(/^Bearer /i, '');
      claims = (await jwtVerify(bare, publicKey, { issuer: ISSUER, audience: audiences })).payload;
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new StatusError('UNAUTHENTICATED', `The identity token is not valid here: ${cause}.`);
    }
    return { audience: String(claims.aud), email: String(claims.email) };
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
