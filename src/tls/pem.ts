/** Texts in PEM (RFC 7468). */

/** The contents of the blocks of a kind, "CERTIFICATE", in DER; what cannot be read is left out. */
export function pemBlocks(text: string, kind: string): Uint8Array<ArrayBuffer>[] {
  const block = new RegExp(`-----BEGIN ${kind}-----([\\sA-Za-z0-9+/=]*)-----END ${kind}-----`, "g");
  return [...text.matchAll(block)].flatMap(([, base64 = ""]) => {
    try {
      return [Uint8Array.from(atob(base64.replace(/\s/g, "")), (char) => char.charCodeAt(0))];
    } catch {
      return [];
    }
  });
}

/** A block. */
export function pemOf(kind: string, der: Uint8Array): string {
  const base64 = btoa(Array.from(der, (byte) => String.fromCharCode(byte)).join(""));
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${kind}-----\n${lines.join("\n")}\n-----END ${kind}-----\n`;
}
