export default function Legacy({ name }) {
  return <p>{name}</p>;
}

export function getServerSideProps({ params }) {
  return params.name === "nobody" ? { notFound: true } : { props: { name: params.name } };
}
