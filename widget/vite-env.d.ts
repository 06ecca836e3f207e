/* Vite's kinds of import. */
declare module "*.css?inline" {
  const text: string;
  export default text;
}
