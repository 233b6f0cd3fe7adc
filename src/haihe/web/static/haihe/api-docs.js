// Shows the interface's own description with Swagger UI, from files of this server only.
SwaggerUIBundle({ url: document.getElementById("swagger").dataset.openapi, domNode: document.getElementById("swagger"), deepLinking: true, validatorUrl: null });
