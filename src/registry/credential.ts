// What proves to a registry who asks: the values that `credentials.ts` finds and `auth.ts` sends.

import type { Repository } from './registry.ts';

export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth 2 refresh token, which buys tokens. */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

/** Nothing: asked anonymously. @throws BivyError `CONFIG_INVALID` where what is configured cannot be used */
export type FindCredential = (repository: Repository) => Promise<Credential | undefined>;
