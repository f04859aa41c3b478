export default { turbopack: { root: import.meta.dirname } }; // there are other lockfiles above
