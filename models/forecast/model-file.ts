const ARRAYS = { Float64Array, Float32Array, Int32Array, Int16Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** A model as text: JSON whose typed arrays are the base64 of their little-endian bytes. The same model is the same text. */
export const encodeModel = (model: unknown): string =>
  JSON.stringify(model, (_, value) => {
    if (!ArrayBuffer.isView(value)) return value;
    const name = Object.keys(ARRAYS).find((one) => value instanceof ARRAYS[one as ArrayName]);
    if (name === undefined) throw new TypeError(`a model holds no ${value.constructor.name}`);
    return { [`$${name}`]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
  });

/** @throws SyntaxError if the text is not whole. */
export const decodeModel = <Model>(text: string): Model =>
  JSON.parse(text, (_, value) => {
    if (value === null || typeof value !== 'object') return value;
    const [key, ...others] = Object.keys(value);
    const name = key?.startsWith('$') && others.length === 0 ? (key.slice(1) as ArrayName) : undefined;
    if (name === undefined || !(name in ARRAYS)) return value;
    const bytes = Uint8Array.from(Buffer.from(value[`$${name}`], 'base64'));
    return new ARRAYS[name](bytes.buffer);
  });
