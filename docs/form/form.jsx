// The spec as a form: a card for each group, and the sign-in once for each choice, as Airbyte's own form lays them out.
import Form from "@rjsf/core";
import validator from "@rjsf/validator-ajv8";
import { createRoot } from "react-dom/client";

const spec = window.spec;
const branches = spec.properties.credentials.oneOf;

const byOrder = (properties) => Object.keys(properties).sort((a, b) => properties[a].order - properties[b].order);

/** What `airbyte_secret`, `multiline`, `order` and `examples` mean to the form. */
function uiOf(field) {
  if ("const" in field) return { "ui:widget": "hidden" };
  const ui = {};
  if (field.examples && !("default" in field)) ui["ui:placeholder"] = [field.examples[0]].flat().join(", ");
  if (field.airbyte_secret) ui["ui:widget"] = "password";
  if (field.multiline) ui["ui:widget"] = "textarea";
  if (field.multiline && field.airbyte_secret) ui["ui:classNames"] = "masked";
  if (field.format === "date-time") ui["ui:widget"] = "text";
  if (field.type === "array") ui["ui:field"] = Tags;
  if (field.type === "boolean") {
    ui["ui:widget"] = Tick;
    ui["ui:options"] = { label: false };
  }
  if (field.properties) Object.assign(ui, uiOfAll(field.properties));
  if (field.oneOf) ui.oneOf = field.oneOf.map(uiOf);
  return ui;
}

function uiOfAll(properties) {
  const entries = Object.entries(properties).map(([name, field]) => [name, uiOf(field)]);
  return { "ui:order": byOrder(properties), "ui:submitButtonOptions": { norender: true }, ...Object.fromEntries(entries) };
}

/** Descriptions hold links. */
function Description({ description }) {
  return <p className="help" dangerouslySetInnerHTML={{ __html: description }} />;
}

/** A list of texts, typed one after the other. */
function Tags({ schema }) {
  return (
    <>
      <label>{schema.title}</label>
      <Description description={schema.description} />
      <input placeholder={schema.examples[0].join(", ")} />
    </>
  );
}

/** A tick, with its help below its title as other fields have it. */
function Tick({ schema, value, onChange }) {
  return (
    <div className="tick">
      <label>
        <input type="checkbox" checked={Boolean(value)} onChange={(event) => onChange(event.target.checked)} />
        {schema.title}
      </label>
      <Description description={schema.description} />
    </div>
  );
}

/** The choice between the sign-ins, with the help that belongs to it. */
function Choice({ schema, selector, optionSchemaField }) {
  return (
    <>
      <label>{schema.title}</label>
      <Description description={schema.description} />
      {selector}
      {optionSchemaField}
    </>
  );
}

function Card({ title, properties, data, note }) {
  const required = spec.required.filter((name) => name in properties);
  return (
    <section>
      <h2>{title}</h2>
      {note && <p className="note">{note}</p>}
      <Form
        schema={{ type: "object", properties, required }}
        uiSchema={uiOfAll(properties)}
        formData={data}
        validator={validator}
        templates={{ DescriptionFieldTemplate: Description, MultiSchemaFieldTemplate: Choice }}
      />
    </section>
  );
}

const only = (names) => Object.fromEntries(names.map((name) => [name, spec.properties[name]]));
/** What stands on the right: the last group, which is as long as all others, and the sign-in by key. */
const last = spec.groups[spec.groups.length - 1];
const groupOf = (id) => only(byOrder(spec.properties).filter((name) => spec.properties[name].group === id));
const secrets = { client_secret: "hidden", access_token: "hidden", private_key: "-----BEGIN PRIVATE KEY-----\nhidden\nhidden" };
const chosen = (branch) => {
  const { auth_type, ...fields } = branch.properties;
  const filled = Object.entries(secrets).filter(([name]) => name in fields);
  return { credentials: { auth_type: auth_type.const, ...Object.fromEntries(filled) } };
};

const Group = ({ id, title }) => (
  <Card title={title} properties={groupOf(id)} data={id === spec.groups[0].id ? chosen(branches[0]) : {}} />
);

const Choices = ({ of }) =>
  of.map((branch) => (
    <Card
      key={branch.title}
      title={branch.title}
      note="The same field with another choice"
      properties={only(["credentials"])}
      data={chosen(branch)}
    />
  ));

createRoot(document.getElementById("root")).render(
  <main>
    <div>
      {spec.groups.filter((group) => group !== last).map((group) => <Group key={group.id} {...group} />)}
      <Choices of={branches.slice(2)} />
    </div>
    <div>
      <Group {...last} />
      <Choices of={branches.slice(1, 2)} />
    </div>
  </main>,
);
