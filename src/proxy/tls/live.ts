/** What a thread has of TLS that can be replaced while it runs: certificates, authorities, options. */
import type {
  BindMaterial,
  ServedCertificate,
  ServerMaterial,
  TlsChanges,
} from "../../tls/material.ts";

/** See above. */
export class TlsLive {
  readonly #binds = new Map<string, ((material: BindMaterial) => void)[]>();
  readonly #servers = new Map<string, ((material: ServerMaterial) => void)[]>();
  /** Certificates that answer tls-alpn-01 (RFC 8737), by name; null: there are none. */
  challenges: ReadonlyMap<string, ServedCertificate> | null = null;

  /** Calls back when the material of a listener, see bindKey, is replaced. */
  onBind(key: string, replace: (material: BindMaterial) => void): void {
    add(this.#binds, key, replace);
  }
  /** Likewise of a server: see serverKey. */
  onServer(key: string, replace: (material: ServerMaterial) => void): void {
    add(this.#servers, key, replace);
  }

  /** The server is gone. */
  forgetServer(key: string): void {
    this.#servers.delete(key);
  }

  /** Connections that begin from now on have what is new; those that stand go on. */
  apply({ binds, servers, challenges }: TlsChanges): void {
    for (const [key, material] of binds) this.#binds.get(key)?.forEach((take) => take(material));
    for (const [key, material] of servers) {
      this.#servers.get(key)?.forEach((take) => take(material));
    }
    if (challenges !== undefined) this.challenges = challenges.size === 0 ? null : challenges;
  }
}

function add<T>(to: Map<string, T[]>, key: string, one: T): void {
  const known = to.get(key);
  if (known === undefined) to.set(key, [one]);
  else known.push(one);
}
